import Core
import Database
import Foundation
import Simulator
import StravaAPI
import SyncStore
import TestKit
import Testing
import Warehouse

@testable import Sync
@testable import Vault

private let athlete = AthleteID(101)

private func world(_ activities: Int = 8) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 5, epoch: epoch, athleteCount: 2, activitiesEach: activities, points: 30...60)
}

extension SyncRig {
    fileprivate var isGone: Bool {
        get async throws { try await whole.rows(of: athlete).values.allSatisfy { $0 == 0 } }
    }

    /// What is erased or to be revoked is due now, as time would make it.
    fileprivate func makeErasuresDue() async throws {
        try await database.query("UPDATE sync.erasure_request SET next_try_at = '-infinity'")
        try await database.query("UPDATE vault.revocation SET next_try_at = '-infinity'")
    }

    fileprivate var revocations: [String] {
        get async throws {
            try await database.query("SELECT revocation FROM sync.erasure ORDER BY erasure_no").map { try $0.decode(String.self) }
        }
    }

    fileprivate var keptTokens: Int { get async throws { try await number("SELECT count(*) FROM vault.revocation") } }
}

/// Erasures beside work on the athlete, while Strava is down, and after a crash.
@Suite struct ErasureTroubleTests {
    private static let down = Fault.Response.html(503)

    // MARK: Strava

    @Test func `while Strava is down the sealed token alone is kept, and is revoked later`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            rig.simulator.faults.append(Fault(match: .path("/oauth"), times: .forever, response: Self.down))
            let receipt = try await rig.eraser.erase(athlete, by: .athlete)
            #expect(receipt.erasedAt != nil && receipt.revocation == .pending && receipt.revocationAt == nil)
            #expect(try await rig.isGone)
            #expect(try await rig.keptTokens == 1)
            try await rig.keeper.runOnce()
            #expect(try await rig.number("SELECT attempts FROM vault.revocation") == 1, "not before its time")
            try await rig.makeErasuresDue()
            try await rig.keeper.runOnce()
            #expect(try await rig.number("SELECT attempts FROM vault.revocation") == 2)
            #expect(rig.simulator.isConnected(athlete))
            rig.simulator.faults.removeAll()
            try await rig.makeErasuresDue()
            try await rig.keeper.runOnce()
            #expect(try await rig.revocations == ["revoked"])
            #expect(try await rig.keptTokens == 0)
            #expect(!rig.simulator.isConnected(athlete))
            let lines = try String(contentsOf: rig.receipts, encoding: .utf8).split(separator: "\n")
            #expect(lines.map { $0.contains(#""revocation":"pending""#) } == [true, false], "the receipt is filed again")
        }
    }

    @Test func `a token that Strava does not take for a day is dropped, and the receipt says so`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            rig.simulator.faults.append(Fault(match: .path("/oauth"), times: .forever, response: Self.down))
            try await rig.eraser.erase(athlete, by: .operator)
            try await rig.database.query("UPDATE vault.revocation SET keep_until = now() - interval '1 s'")
            try await rig.keeper.runOnce()
            #expect(try await rig.revocations == ["given_up"])
            #expect(try await rig.keptTokens == 0)
        }
    }

    @Test func `where Strava has no revoke, a fresh access token is deauthorized`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete, expiresIn: 60)
            rig.simulator.faults.append(Fault(match: .path("/oauth/revoke"), times: .forever, response: .status(404, "{}")))
            let receipt = try await rig.eraser.erase(athlete, by: .operator)
            #expect(receipt.revocation == .deauthorized)
            #expect(!rig.simulator.isConnected(athlete))
        }
    }

    @Test func `a refresh token that came while revoking is the one that is tried again`() async throws {
        try await SyncRig.with(world()) { rig in
            rig.simulator.rotation = .always
            try await rig.connect(athlete)
            rig.simulator.faults.append(Fault(match: .path("/oauth/revoke"), times: .forever, response: .status(404, "{}")))
            rig.simulator.faults.append(Fault(match: .path("/oauth/deauthorize"), times: .forever, response: Self.down))
            #expect(try await rig.eraser.erase(athlete, by: .operator).revocation == .pending)
            rig.simulator.faults.removeAll()
            try await rig.makeErasuresDue()
            try await rig.keeper.runOnce()
            #expect(try await rig.revocations == ["revoked"])
            #expect(!rig.simulator.isConnected(athlete))
        }
    }

    @Test func `who connects again before the old grant is revoked keeps the new one`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            rig.simulator.faults.append(Fault(match: .path("/oauth/revoke"), times: .forever, response: Self.down))
            try await rig.eraser.erase(athlete, by: .athlete)
            try await rig.connect(AthleteID(102))
            #expect(try await rig.keptTokens == 1, "another athlete's grant changes nothing")
            try await rig.connect(athlete)
            #expect(try await rig.revocations == ["connected_again"])
            #expect(try await rig.keptTokens == 0)
            rig.simulator.faults.removeAll()
            try await rig.makeErasuresDue()
            try await rig.keeper.runOnce()
            #expect(rig.simulator.isConnected(athlete))
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a dead grant is not asked about, and one that does not open is told`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            rig.simulator.deauthorize(athlete)
            try await rig.settle()
            rig.simulator.clearRequests()
            #expect(try await rig.eraser.erase(athlete, by: .operator).revocation == .notNeeded)
            #expect(rig.simulator.requests.isEmpty)
            try await rig.connect(AthleteID(102))
            try await rig.database.query("UPDATE vault.token SET key_id = 'lost'")
            let receipt = try await rig.eraser.erase(AthleteID(102), by: .operator)
            #expect(receipt.revocation == .unreadable && receipt.erasedAt != nil)
            #expect(receipt.rows["vault.token"] == 1)
        }
    }

    // MARK: Beside work on the athlete

    @Test func `a turn that is under way lands nothing any more`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            let gate = rig.simulator.gate(.streams)
            let claim = try #require(try await rig.claim().first)
            let turn = Task { await AthleteSync(environment: rig.environment, claim: claim).run() }
            await gate.waitForHeld(2)
            try await rig.eraser.erase(athlete, by: .operator)
            gate.open()
            #expect(await turn.value.isEndWritten)
            #expect(try await rig.isGone)
            #expect(rig.feed.bytes == 0)
        }
    }

    @Test func `an erasure waits a moment for silver, then makes way, and is finished later`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let keeper = rig.keeper
            try await keeper.runOnce()
            try await rig.database.transaction { rebuild in
                try await rebuild.query(RowLock.tryRebuild(athlete))
                try await rebuild.query(RowLock.silver(of: [athlete]))
                let receipt = try await rig.eraser.erase(athlete, by: .operator)
                #expect(receipt.erasedAt == nil && receipt.revocation == .revoked && receipt.rows.isEmpty)
                #expect(try await rig.number("SELECT count(*) FROM sync.athlete WHERE state = 'erasing'") == 1)
            }
            try await keeper.runOnce()
            #expect(try await !rig.isGone, "its first process has a minute")
            try await rig.makeErasuresDue()
            try await keeper.runOnce()
            #expect(try await rig.isGone)
            #expect(try await rig.number("SELECT count(*) FROM sync.erasure WHERE erased_at IS NOT NULL") == 1)
        }
    }

    @Test func `a rebuild that is waiting is not begun, and work that a statement still sees makes no lock`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await RebuildDesk(database: rig.database).request(athlete, isDryRun: false, now: Date())
            try await rig.eraser.erase(athlete, by: .operator)
            #expect(try await !rig.silver.rebuildOnce())
            let isLocked = try await rig.database.query("SELECT sync.try_silver_lock(\(athlete), false)")[0].decode(Bool.self)
            #expect(!isLocked)
            #expect(try await rig.isGone)
        }
    }

    @Test func `of a refresh under way the pair that it brings is revoked`() async throws {
        try await SyncRig.with(world()) { rig in
            rig.simulator.rotation = .always
            try await rig.connect(athlete, expiresIn: 60)
            let gate = rig.simulator.gate(.token)
            let refresh = Task { try await rig.environment.vault.accessToken(for: athlete) }
            await gate.waitForHeld()
            let receipt = try await rig.eraser.erase(athlete, by: .operator)
            #expect(receipt.erasedAt == nil && receipt.revocation == .pending)
            gate.open()
            _ = await refresh.result
            try await rig.makeErasuresDue()
            try await rig.keeper.runOnce()
            #expect(try await rig.isGone)
            #expect(try await rig.revocations == ["revoked"])
            #expect(!rig.simulator.isConnected(athlete))
            #expect(await rig.environment.vault.remembered == [])
        }
    }

    @Test func `an export that has begun ends with the rows it began with`() async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            try await rig.database.withConnection { export in
                try await export.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                let count: SQL = "SELECT count(*) FROM silver.activity_stream"
                let before = try await export.query(count)[0].decode(Int.self)
                #expect(try await rig.eraser.erase(athlete, by: .operator).erasedAt != nil)
                #expect(try await export.query(count)[0].decode(Int.self) == before && before > 0)
                try await export.execute("COMMIT")
            }
            #expect(try await rig.isGone)
        }
    }

    @Test(.timeLimit(.minutes(2))) func `while the rows are being deleted nobody waits who does not mean this athlete`() async throws {
        let other = AthleteID(102)
        try await SyncRig.with(world()) { rig in
            for athlete in [athlete, other] { try await rig.connect(athlete) }
            try await rig.settle()
            let (tag, keyID) = rig.environment.vault.erasureTag(of: athlete)
            let erasure = UUID()
            _ = try await rig.database.transaction { connection in
                try await connection.query(RowLock.athlete(athlete))
                _ = try await connection.pipeline(
                    ErasureTable.begin(
                        athlete, erasure: erasure, tag: tag, keyID: keyID, by: .operator, now: Date(), tryAt: .distantFuture))
            }
            try await rig.database.transaction { deleting in
                for lock in RowLock.erasure(of: athlete, erasure) { try await deleting.query(lock) }
                for table in try await deleting.query(ErasureTable.tables).map(ErasureTable.table) {
                    try await deleting.query(ErasureTable.delete(athlete, from: table))
                }
                // All of this goes by while the transaction is open.
                rig.world.addActivity(to: other, NewActivity(startAt: Date().addingTimeInterval(-600), points: 50))
                try await rig.walkAgain(other)
                #expect(try await rig.differences(other) == [])
                _ = try await rig.registry.requestSync(nil, full: true, by: "test")
                _ = try await rig.registry.pause(nil, until: nil, reason: nil)
                _ = try await rig.registry.resume(nil)
                try await rig.connect(other)
                try await RebuildDesk(database: rig.database).request(nil, isDryRun: false, now: Date())
                while try await rig.silver.rebuildOnce() {}
                try await rig.database.query(TransformWorkTable.addOutdated(version: 0))
                let later = WallClock.manual(at: Date().addingTimeInterval(9 * 86_400))
                let policy = RetentionPolicy(apiDays: 7)
                try await RetentionKeeper(database: rig.database, policy: policy, clock: later, logger: quietLogger).runOnce()
                try await rig.makeSilver()
                #expect(try await rig.number("SELECT count(*) FROM silver.activity WHERE athlete_id = \(other)") == 0)
            }
            #expect(try await rig.isGone)
        }
    }

    // MARK: After a crash

    @Test(arguments: ["intent", "token taken", "revoked", "deleted"])
    func `an erasure whose process dies is finished by another`(after step: String) async throws {
        try await SyncRig.with(world()) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            let vault = rig.environment.vault
            let (tag, keyID) = vault.erasureTag(of: athlete)
            let (erasure, now) = (UUID(), Date())
            _ = try await rig.database.transaction { connection in
                try await connection.query(RowLock.athlete(athlete))
                _ = try await connection.pipeline(
                    ErasureTable.begin(athlete, erasure: erasure, tag: tag, keyID: keyID, by: .operator, now: now, tryAt: now))
            }
            if step != "intent" { _ = try await vault.take(athlete, for: erasure, tryAt: now) }
            if step == "revoked" || step == "deleted" { await rig.eraser.revoke(erasure, attempts: 0) }
            if step == "deleted" {
                // Without a file, as if the process had died before it could write it.
                let eraser = AthleteEraser(database: rig.database, vault: vault, clock: .system, logger: quietLogger)
                try await eraser.finish(athlete, erasure)
                #expect(try await rig.number("SELECT count(*) FROM sync.erasure WHERE filed_at IS NULL") == 1)
            }
            try await rig.keeper.runOnce()
            #expect(try await rig.isGone)
            #expect(try await rig.revocations == ["revoked"])
            #expect(try await rig.keptTokens == 0)
            #expect(try String(contentsOf: rig.receipts, encoding: .utf8).contains(erasure.uuidString))
            #expect(!rig.simulator.isConnected(athlete))
        }
    }
}
