import Core
import Database

/// Checking and re-sealing all rows.
extension TokenVault {
    /// Rows read at once by `verify`: about 300 kB.
    static var rowsPerPage: Int { 1000 }
    /// Rows locked at once by `rotate`: their refreshes wait a few milliseconds.
    static var rowsPerBatch: Int { 200 }

    /// Opens every row, both tokens, and counts them by key. Changes nothing.
    public func verify() async throws -> VaultReport {
        var report = VaultReport(activeKeyID: keyring.activeKeyID)
        var last = AthleteID(.min)
        while true {
            let page = try await database.query(VaultQueries.rows(after: last, countMax: Self.rowsPerPage)).map { try TokenRow($0) }
            guard let end = page.last else { return report }
            for row in page { report.add(row, failure: failureToOpen(row)) }
            last = end.athlete
        }
    }

    /// Seals every row that lies under another key anew under the active one, a batch a transaction: stopped and started again, it
    /// goes on where it was. Rows that don't open stay as they are; `verify` names them.
    ///
    /// - Returns: rows sealed anew.
    @discardableResult
    public func rotate() async throws -> Int {
        var resealedCount = 0
        var last = AthleteID(.min)
        while let batch = try await rotateBatch(after: last) {
            resealedCount += batch.resealedCount
            last = batch.last
            try Task.checkCancellation()
        }
        return resealedCount
    }

    private func rotateBatch(after last: AthleteID) async throws -> (last: AthleteID, resealedCount: Int)? {
        try await database.transaction { connection in
            let query = VaultQueries.lockedRows(notUnder: keyring.activeKeyID, after: last, countMax: Self.rowsPerBatch)
            let rows = try await connection.query(query).map { try TokenRow($0) }
            guard let end = rows.last else { return nil }
            var athletes: [Int64] = []
            var pairs: [SealedPair] = []
            for row in rows where failureToOpen(row) == nil {
                athletes.append(row.athlete.rawValue)
                pairs.append(try reseal(row))
            }
            _ = try await connection.query(VaultQueries.reseal(athletes, pairs))
            return (end.athlete, athletes.count)
        }
    }

    private func reseal(_ row: TokenRow) throws -> SealedPair {
        let access = try row.openAccess(keyring)
        let refresh = try row.openRefresh(keyring)
        return try SealedPair(
            access: access, refresh: refresh, expiresAt: row.accessExpiresAt, athlete: row.athlete, keyring: keyring)
    }

    private func failureToOpen(_ row: TokenRow) -> VaultError.Code? {
        do {
            _ = try row.openAccess(keyring)
            _ = try row.openRefresh(keyring)
            return nil
        } catch let error as VaultError {
            return error.code
        } catch {
            return .unsealFailed
        }
    }
}
