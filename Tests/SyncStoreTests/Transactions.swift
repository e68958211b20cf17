import Core
import Database
import Foundation
import HTTPTransport
import StravaAPI
import SyncStore
import TestKit
import Testing

@testable import Sync
@testable import Vault
@testable import Warehouse

/// The transactions that the daemon composes of `SyncStore`'s statements, on one athlete and the same few activities, each in a form that may be
/// run again at once.
struct Transactions: Sendable {
    typealias Body = @Sendable (_ round: Int) async throws -> Void

    static let athlete = AthleteID(134_815)
    static let other = AthleteID(134_816)
    static let noon = Date(timeIntervalSince1970: 1_795_435_200)  // 2026-11-23 12:00:00 UTC
    private static let activities: [Int64] = [4, 2, 5, 1, 3]

    let database: Database
    let vault: TokenVault
    private let keyring: Keyring
    private let http: HTTPClient
    private let clock = WallClock.manual(at: noon)
    private let owner = UUID()

    init(_ database: Database) async throws {
        self.database = database
        let path = FileManager.default.temporaryDirectory.appending(path: "keyring-\(UUID().uuidString)").path
        try Keyring.create(path: path)
        keyring = try Keyring.load(path: path)
        try FileManager.default.removeItem(atPath: path)
        http = HTTPClient(userAgent: "fitnessd-tests")
        let nowhere = "http://127.0.0.1:9"
        let strava = StravaClient(
            configuration: StravaConfiguration(
                apiURL: nowhere, oauthURL: nowhere, clientID: "1", clientSecret: Secret("none")),
            http: http, clock: clock, logger: quietLogger)
        vault = TokenVault(database: database, keyring: keyring, strava: strava, clock: clock, logger: quietLogger)
        for athlete in [Self.athlete, Self.other] { try await registry.register(grant(0), athlete: athlete, uid: nil, scope: "read") }
        try await land(0)
    }

    func shutdown() async { await http.shutdown() }

    private var registry: AthleteRegistry { AthleteRegistry(database: database, vault: vault, clock: clock) }
    private var desk: QuarantineDesk { QuarantineDesk(database: database, clock: clock) }
    private var schedule: ScheduleQueries { ScheduleQueries(database: database) }
    private var runner: SilverRunner {
        SilverRunner(database: database, shareDirectory: checkout, feed: SilverFeed(bytesMax: 0), clock: clock, logger: quietLogger)
    }

    var all: [(name: String, body: Body)] {
        [
            ("landing", land), ("silver batch", transform), ("silver rebuild", rebuild), ("retry", retry), ("retry of all", retryAll),
            ("drop", drop), ("event", event), ("turn", turn), ("claim", claim), ("registration", register), ("request", request),
            ("pause", pause), ("retention", retain), ("refresh", refresh), ("dead token", loseGrant), ("uid", rename),
            ("sample", sample), ("pruning", prune), ("threshold", setThreshold), ("erasure", erase), ("outdated", enqueueOutdated),
        ]
    }

    // MARK: Fetching

    /// Takes the lease, whoever has it.
    private func lease() async throws -> Claim {
        let rows = try await database.query(
            """
            UPDATE sync.schedule SET lease_owner = \(owner), lease_fence = lease_fence + 1 WHERE athlete_id = \(Self.athlete)
            RETURNING athlete_id, lease_fence, priority, request::text
            """)
        guard let row = rows.first else { throw SyncError(.unknownAthlete, "erased beside this one") }
        return try Claim(row, owner: owner)
    }

    /// A batch that writes each table, most of them twice: answers that changed, a page of the list, the ledger, own objects, the quarantine.
    private func land(_ round: Int) async throws {
        let claim = try await lease()
        let fetchedAt = Self.noon.addingTimeInterval(round.isMultiple(of: 2) ? 0 : 43_200)
        func answer(_ endpoint: BronzeEndpoint, _ id: Int64, _ body: String) -> BronzeAnswer {
            BronzeAnswer(endpoint: endpoint, objectID: id, request: "/\(id)", status: 200, fetchedAt: fetchedAt, body: Array(body.utf8))
        }
        var batch = BronzeBatch(athleteID: Self.athlete, lease: claim.lease)
        batch.answers = [answer(.athlete, Self.athlete.rawValue, #"{"id":134815,"weight":\#(60 + round)}"#)]
        for id in Self.activities {
            let start = Self.noon.addingTimeInterval(Double(id) * -3_600)
            batch.answers.append(
                answer(.activity, id, #"{"id":\#(id),"name":"\#(round)","sport_type":"Run","start_date":"2026-11-23T10:00:00Z"}"#))
            // Every other version of the streams can't be read.
            let streams = #"{"time":{"data":[0,1,\#(2 + round)]},"distance":{"data":[0,2,4]}}"#
            batch.answers.append(answer(.streams, id, (round + Int(id)).isMultiple(of: 2) ? streams : "[\(round)"))
            batch.listed.append(
                ListedRow(
                    activityID: ActivityID(id), startAt: start, manual: false, fingerprint: Array(repeating: UInt8(round & 255), count: 32))
            )
            batch.ledger += [CompletenessEndpoint.streams, .detail].map {
                LedgerChange(activityID: ActivityID(id), endpoint: $0, state: id == 2 ? .failed : .landed, countsAsAttempt: true)
            }
        }
        batch.cursor = CursorChange(walkPage: .set(round), newestStartAt: .raise(to: Self.noon))
        batch.objects = [ObjectChange(.profile, .landed), ObjectChange(.zones, .failed, reason: "server_error")]
        batch.gearUses = ["g7", "b3"].compactMap(AthleteObject.gear).map {
            GearUse(gear: $0, startAt: Self.noon.addingTimeInterval(Double(round)))
        }
        batch.quarantine = [5, 1].map { QuarantineEntry(endpoint: "detail", objectID: $0, reason: "wrong_shape") }
        let prepared = await PreparedBatch.prepare(batch)
        _ = try await database.transaction { try await Landing(batches: [prepared], now: Self.noon).run(on: $0) }
    }

    private func claim(_ round: Int) async throws {
        try await database.query("UPDATE sync.schedule SET due_at = \(Self.noon) WHERE athlete_id = \(Self.athlete)")
        let claims = try await schedule.claim(lanes: [(0...4, 8)], owner: owner, now: Self.noon, lease_s: 120)
        var work = TurnsInWork()
        for claim in claims { work.began(claim, lane: 0) }
        try await schedule.renew(work, owner: owner, now: Self.noon, lease_s: 120)
        _ = try await schedule.releaseOrphans(besides: TurnsInWork(), owner: owner, now: Self.noon)
    }

    /// Reads the state, postpones what is beyond a sample, and ends the turn; every third time without a grant.
    private func turn(_ round: Int) async throws {
        let turn = TurnQueries(database: database, claim: try await lease(), newestCount: 10, sampleCount: 2)
        let (state, _) = try await turn.state(nil, now: Self.noon)
        if round.isMultiple(of: 3) { try await turn.askToReconnect("scope_missing", now: Self.noon) }
        var end = TurnEnd(outcome: .done, nextDueAt: Self.noon, priority: 2, requests: 1, landed: 1, startedAt: Self.noon)
        end.events = state.events.ids.reversed()
        try await turn.finish(end, now: Self.noon)
    }

    private func event(_ round: Int) async throws {
        let time = Int(Self.noon.timeIntervalSince1970) + round
        for id in Self.activities {
            let body = """
                {"aspect_type":"update","event_time":\(time),"object_id":\(id),"object_type":"activity","owner_id":\(Self.athlete),\
                "subscription_id":1,"updates":{"title":"new"}}
                """
            let desk = EventDesk(database: database, clock: clock)
            if case .event(let event) = desk.read(Array(body.utf8)) { try await desk.accept(event) }
        }
    }

    // MARK: Storing

    private func transform(_ round: Int) async throws {
        try await database.query(TransformWorkTable.add(([0] + Self.activities).map { (Self.athlete, $0) }, now: Self.noon))
        try await runner.runOnce()
    }

    private func rebuild(_ round: Int) async throws {
        try await RebuildDesk(database: database).request(Self.athlete, isDryRun: round.isMultiple(of: 2), now: Self.noon)
        try await runner.rebuildOnce()
    }

    private func retain(_ round: Int) async throws {
        let clock = WallClock.manual(at: Self.noon.addingTimeInterval(108_000))
        let policy = RetentionPolicy(apiDays: 1, versionDays: 1)
        try await RetentionKeeper(database: database, policy: policy, clock: clock, logger: quietLogger).runOnce()
    }

    private func setAside() async throws {
        let entries = [
            ("silver", 3, "transform_failed"), ("list", 0, "many_gone"), ("streams", 2, "server_error"), ("detail", 1, "wrong_shape"),
            ("summary", 4, "unreadable_answer"), ("profile", Self.athlete.rawValue, "wrong_shape"), ("gear", 3, "server_error"),
            ("streams", 5, "unreadable_answer"), ("athlete", Self.athlete.rawValue, "unreadable_answer"),
        ]
        let add = QuarantineTable.add(
            entries.map { (Self.athlete, QuarantineEntry(endpoint: $0.0, objectID: $0.1, reason: $0.2)) }, now: Self.noon)
        _ = try await database.transaction { try await $0.pipeline([RowLock.schedule(of: [Self.athlete]), add]) }
    }

    private func retry(_ round: Int) async throws {
        try await setAside()
        try await desk.retry(Self.athlete)
    }

    private func retryAll(_ round: Int) async throws {
        try await setAside()
        _ = try await desk.retryAll(reason: nil, after: AthleteID(0))
    }

    private func drop(_ round: Int) async throws {
        try await setAside()
        for id in Self.activities { try? await desk.drop(Self.athlete, .init(endpoint: "detail", objectID: id)) }
    }

    // MARK: Intents

    private func grant(_ round: Int) -> TokenGrant {
        TokenGrant(
            accessToken: Secret("access \(round)"), refreshToken: Secret("refresh \(round)"),
            expiresAt: Self.noon.addingTimeInterval(Double(round)), athleteID: nil, scope: nil)
    }

    private func register(_ round: Int) async throws {
        try await registry.register(
            grant(round), athlete: Self.athlete, uid: round.isMultiple(of: 2) ? "one" : "two", scope: "read,activity:read_all",
            arrival: .bulk,
            keepsLater: round.isMultiple(of: 2))
    }

    private func rename(_ round: Int) async throws {
        _ = try await registry.rename(Self.athlete, to: "shared")
        _ = try await registry.rename(Self.other, to: "shared")
    }

    private func request(_ round: Int) async throws {
        _ = try await registry.requestSync(nil, full: true, only: [.streams], streams: [.heartrate], by: "test")
    }

    private func pause(_ round: Int) async throws {
        let desk = AuditDesk(database: database, clock: .system)
        let audit = try await desk.begin(
            AuditEntry(
                user: (0, "root"), action: "pause_athlete", subject: .athlete(Self.athlete), parameters: "{}", athleteParameters: "{}"))
        try await desk.end(audit, refusal: nil, isOurs: false)
        try await desk.prune()
        _ = try await registry.retry(Self.athlete)
        _ = try await registry.pause(Self.athlete, until: nil, reason: "test")
        _ = try await registry.pause(nil, until: nil, reason: "test")
        _ = try await registry.resume(nil)
        _ = try await registry.resume(Self.athlete)
    }

    private func refresh(_ round: Int) async throws {
        let pair = try SealedPair(grant(round), athlete: Self.athlete, keyring: keyring, keyID: keyring.activeKeyID, at: Self.noon)
        try await database.transaction { connection in
            guard let row = try await connection.query(VaultQueries.lockedRow(of: Self.athlete)).first else { return }
            let generation = try TokenRow(row).generation
            try await connection.query(
                VaultQueries.replace(pair, athlete: Self.athlete, generation: generation, at: Self.noon))
        }
    }

    private func loseGrant(_ round: Int) async throws {
        let row = try await database.query(VaultQueries.row(of: Self.athlete)).first
        let generation = try row.map { try TokenRow($0).generation } ?? 1
        try await database.query(VaultQueries.markDead(Self.athlete, generation: generation, reason: .refreshTokenInvalid, at: Self.noon))
        // Another grant that came meanwhile is alive.
        do { _ = try await vault.accessToken(for: Self.athlete) } catch is VaultError {}
    }

    private func setThreshold(_ round: Int) async throws {
        let desk = ThresholdDesk(database: database, clock: clock)
        try await desk.set(ThresholdName(.power, of: .run), value: 200 + Double(round), athlete: Self.athlete)
        if round.isMultiple(of: 3) { try await desk.remove(ThresholdName(.power, of: .run), athlete: Self.athlete) }
    }

    /// Erases for real, and brings back what the others work on.
    private func erase(_ round: Int) async throws {
        let eraser = AthleteEraser(database: database, vault: vault, clock: clock, logger: quietLogger)
        try await erase(with: eraser)
        try await database.query("DELETE FROM vault.revocation")
        try await register(round)
        try await land(round)
    }

    /// Until it is done: it may have found the athlete's rows locked.
    private func erase(with eraser: AthleteEraser) async throws {
        let receipt = try await eraser.erase(Self.athlete, by: .operator)
        if receipt.erasedAt == nil {
            try await eventually("the athlete is erased") {
                do { try await eraser.finish(Self.athlete, receipt.erasureID) } catch let error as DatabaseError
                    where error.code == .serialization
                {}
                return try await database.query("SELECT FROM sync.erasure WHERE erasure_id = \(receipt.erasureID) AND erased_at IS NULL")
                    .isEmpty
            }
        }
    }

    private func enqueueOutdated(_ round: Int) async throws {
        try await database.query(TransformWorkTable.addOutdated(version: Int16(round & 0xFF)))
    }

    private func sample(_ round: Int) async throws { try await schedule.resumeSample(now: Self.noon) }

    private func prune(_ round: Int) async throws {
        try await schedule.forgetEvents(receivedBefore: .distantFuture)
        try await schedule.forgetRuns(endedBefore: .distantFuture)
    }
}
