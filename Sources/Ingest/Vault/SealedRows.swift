import Core
import Database
import Foundation

/// All rows with sealed values: opens each of them, and seals them under another key. Grants that are held while a person is asked something,
/// and tokens of erased athletes, are opened and not resealed: they are gone in ten minutes, or a day.
public struct SealedRows: Sendable {
    /// Rows read at once by `verify`: about 300 kB.
    private static let rowsPerPage = 1000
    /// Rows locked at once by `reseal`: their refreshes wait a few milliseconds.
    private static let rowsPerBatch = 200

    private let database: Database
    private let keyring: Keyring

    public init(database: Database, keyring: Keyring) {
        self.database = database
        self.keyring = keyring
    }

    /// Opens every sealed value and counts the rows by key. Changes nothing.
    public func verify() async throws -> VaultReport {
        var report = VaultReport(activeKeyID: keyring.activeKeyID)
        for row in try await database.query(VaultQueries.heldGrants) {
            let (athlete, keyID, bytes) = try row.decode(AthleteID.self, String.self, [UInt8].self)
            let held = HeldGrant(keyID: keyID, bytes: bytes)
            report.add(.heldGrant, of: athlete, keyID: keyID, failure: held.failureToOpen(athlete: athlete, keyring: keyring))
        }
        for row in try await database.query(VaultQueries.keptTokens) {
            let (erasure, keyID, bytes) = try row.decode(UUID.self, String.self, [UInt8].self)
            let kept = SealedToken(keyID: keyID, bytes: bytes)
            let failure = kept.failureToOpen(athlete: TokenVault.subject(erasure), purpose: .revocation, keyring: keyring)
            report.add(.revocation, of: nil, keyID: keyID, failure: failure)
        }
        var last = AthleteID(.min)
        while true {
            let page = try await database.query(VaultQueries.rows(after: last, countMax: Self.rowsPerPage)).map { try TokenRow($0) }
            guard let end = page.last else { return report }
            for row in page { report.add(row, failures: row.failuresToOpen(keyring)) }
            last = end.athlete
            try Task.checkCancellation()
        }
    }

    /// Reseals every row that lies under another key than the one that seals, one batch a transaction: interrupted and started again, it
    /// continues where it stopped. Rows that don't open stay as they are; `verify` names them.
    ///
    /// - Returns: the number of rows resealed.
    @discardableResult
    public func reseal() async throws -> Int {
        var resealedCount = 0
        var last = AthleteID(.min)
        while let batch = try await resealBatch(after: last) {
            resealedCount += batch.resealedCount
            last = batch.last
            try Task.checkCancellation()
        }
        return resealedCount
    }

    private func resealBatch(after last: AthleteID) async throws -> (last: AthleteID, resealedCount: Int)? {
        let seen = keyring.activeKeyID
        return try await database.transaction { connection in
            let query = VaultQueries.lockedRows(notUnder: seen, after: last, countMax: Self.rowsPerBatch)
            let rows = try await connection.query(query).map { try TokenRow($0) }
            guard let end = rows.last else { return nil }
            let keyID = try await KeyringQueries.holdSealingKey(keyring, on: connection)
            let readable = rows.filter { $0.failureToOpen(keyring) == nil }
            let pairs = try readable.map { try SealedPair(resealing: $0, keyring: keyring, keyID: keyID) }
            _ = try await connection.query(VaultQueries.reseal(readable.map(\.athlete.rawValue), pairs))
            return (end.athlete, readable.count)
        }
    }
}
