import Core
import Database
import Foundation
import Simulator
import SyncStore
import Warehouse

/// Lands material as the daemon does: with the same writer, runner and feed, in batches such as a turn makes, several athletes at once.
struct Lander: Sendable {
    /// Activities on a page of Strava's list.
    private static let page = 200

    private let server: BenchServer
    private let writer: WarehouseWriter
    private let runner: SilverRunner
    private let lease = LeaseFence(owner: UUID(), fence: 1)

    init(_ server: BenchServer) {
        self.server = server
        let feed = SilverFeed()
        writer = WarehouseWriter(database: server.database, silverFeed: feed, clock: .system, logger: server.logger)
        runner = SilverRunner(database: server.database, shareDirectory: server.share, feed: feed, clock: .system, logger: server.logger)
    }

    /// From bodies in memory to the last silver row, all athletes at once; returns the seconds. The runner runs beside it, as in the daemon.
    /// - Parameter first: landed before the clock starts and deleted afterwards, so that statements are planned, as in a daemon at work.
    func land(_ athletes: [Material], after first: [Material] = []) async throws -> Double {
        for material in first + athletes { try await enrol(material.athlete) }
        return try await withThrowingTaskGroup { group in
            group.addTask { try await runner.run() }
            // So that the runner listens before anything lands.
            try await Task.sleep(for: .milliseconds(200))
            try await toSilver(first)
            let seconds = try await Stopwatch.seconds { try await toSilver(athletes) }
            group.cancelAll()
            try await server.database.query("DELETE FROM sync.athlete WHERE athlete_id = ANY (\(first.map(\.athlete)))")
            return seconds
        }
    }

    private func toSilver(_ athletes: [Material]) async throws {
        try await withThrowingTaskGroup { landing in
            for material in athletes { landing.addTask { try await landAll(of: material) } }
            try await landing.waitForAll()
        }
        while try await waiting() > 0 { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// One activity's answers, and its silver.
    func refresh(_ activity: Material.Activity, of athlete: AthleteID, fingerprint: UInt8) async throws {
        try await commit(athlete, [summary(activity)], listed: [listed(activity, fingerprint)])
        try await commit(athlete, answers(activity))
        while try await runner.runOnce() > 0 {}
    }

    /// The profile and all pages of the list; silver is not made.
    func landList(of material: Material) async throws {
        try await enrol(material.athlete)
        try await landProfileAndList(of: material)
    }

    /// The details of some activities, no streams; silver is not made.
    func landDetails(of material: Material, _ range: Range<Int>) async throws {
        for activity in material.activities[range] {
            try await commit(material.athlete, [answer(.activity, activity.id.rawValue, activity.detail)])
        }
    }

    /// Makes silver of at least `count` pieces of work, or of all there are.
    func transform(_ count: Int) async throws {
        var done = 0
        while done < count {
            let more = try await runner.runOnce()
            if more == 0 { return }
            done += more
        }
    }

    /// Activities and athletes on the runner's list.
    private func waiting() async throws -> Double { try await server.number("SELECT count(*) FROM sync.transform_work") }

    private func enrol(_ athlete: AthleteID) async throws {
        try await server.database.query("INSERT INTO sync.athlete (athlete_id) VALUES (\(athlete)) ON CONFLICT DO NOTHING")
        try await server.database.query(
            """
            INSERT INTO sync.schedule (athlete_id, lease_owner, lease_fence) VALUES (\(athlete), \(lease.owner), \(lease.fence))
            ON CONFLICT (athlete_id) DO UPDATE SET lease_owner = excluded.lease_owner, lease_fence = excluded.lease_fence
            """)
    }

    /// As a turn does: the profile, the list page by page, then one batch for each activity, newest first.
    private func landAll(of material: Material) async throws {
        try await landProfileAndList(of: material)
        for activity in material.activities { try await commit(material.athlete, answers(activity)) }
    }

    private func landProfileAndList(of material: Material) async throws {
        let own = [(BronzeEndpoint.athlete, material.profile), (.athleteZones, material.zones)]
        try await commit(material.athlete, own.map { answer($0.0, material.athlete.rawValue, $0.1) })
        for start in stride(from: 0, to: material.activities.count, by: Self.page) {
            let page = material.activities[start..<min(start + Self.page, material.activities.count)]
            try await commit(material.athlete, page.map(summary), listed: page.map { listed($0, 1) })
        }
    }

    private func commit(_ athlete: AthleteID, _ answers: [BronzeAnswer], listed: [ListedRow] = []) async throws {
        let ledger = answers.compactMap { answer -> LedgerChange? in
            guard answer.endpoint == .activity || answer.endpoint == .streams else { return nil }
            let endpoint: CompletenessEndpoint = answer.endpoint == .activity ? .detail : .streams
            return LedgerChange(activityID: ActivityID(answer.objectID), endpoint: endpoint, state: .landed, countsAsAttempt: true)
        }
        _ = try await writer.commit(BronzeBatch(athleteID: athlete, lease: lease, answers: answers, listed: listed, ledger: ledger))
    }

    private func listed(_ activity: Material.Activity, _ fingerprint: UInt8) -> ListedRow {
        ListedRow(
            activityID: activity.id, startAt: activity.startAt, manual: activity.manual,
            fingerprint: Array(repeating: fingerprint, count: 32))
    }

    private func summary(_ activity: Material.Activity) -> BronzeAnswer { answer(.activitySummary, activity.id.rawValue, activity.summary) }

    private func answers(_ activity: Material.Activity) -> [BronzeAnswer] {
        let detail = answer(.activity, activity.id.rawValue, activity.detail)
        return [detail] + (activity.streams.map { [answer(.streams, activity.id.rawValue, $0)] } ?? [])
    }

    private func answer(_ endpoint: BronzeEndpoint, _ id: Int64, _ body: [UInt8]) -> BronzeAnswer {
        BronzeAnswer(endpoint: endpoint, objectID: id, request: "/activities/\(id)", status: 200, fetchedAt: Date(), body: body)
    }
}

/// An athlete's answers, ready in memory.
struct Material: Sendable {
    struct Activity: Sendable {
        let id: ActivityID
        let startAt: Date
        let manual: Bool
        let points: Int
        let summary: [UInt8]
        let detail: [UInt8]
        let streams: [UInt8]?

        init(_ truth: ActivityTruth, in world: SimulatorWorld) {
            id = truth.id
            startAt = truth.startAt
            manual = truth.isManual
            streams = truth.streamsBody
            points = streams == nil ? 0 : truth.pointCount
            summary = truth.summaryBody
            detail = world.detailBody(of: truth.id) ?? []
        }
    }

    let athlete: AthleteID
    let profile: [UInt8]
    let zones: [UInt8]
    let activities: [Activity]

    var points: Int { activities.reduce(0) { $0 + $1.points } }

    init(_ athlete: AthleteID, in world: SimulatorWorld) {
        self.athlete = athlete
        profile = world.profileBody(of: athlete) ?? []
        zones = world.zonesBody(of: athlete) ?? []
        activities = world.truth(for: athlete).map { Activity($0, in: world) }
    }
}
