import Core
import Database
import Foundation
import Warehouse

/// How a turn ended; becomes the athlete's next due time and a row of `sync.run`.
struct TurnEnd: Sendable {
    enum Outcome: String, Sendable { case done, more, stopped, failed }
    var outcome: Outcome
    var nextDueAt: Date
    /// 0 connect and manual, 1 live, 2 incremental, 3 repair, 4 history.
    var priority: Int
    var requests: Int
    var landed: Int
    var startedAt: Date
    /// The request as claimed. It is fulfilled when the outcome is done; one that came meanwhile stays.
    var claimedRequest: String?
    /// The events that the turn read; they are handled when the outcome is done. All others stay.
    var events: [Int64] = []
    /// Those for which a look at the list was begun: they need no further one.
    var eventsLookedAfter: [Int64] = []
    var error: String?
}

/// The statements of one athlete's turn.
struct TurnQueries: Sendable {
    let database: Database
    let athlete: AthleteID
    var sampleCount: Int?

    /// Rows read at once: enough for some minutes of work under Strava's limits.
    private static let workRowsMax = 120

    func state(_ request: SyncRequest?, now: Date, newestCount: Int) async throws -> SyncState {
        try await database.withConnection { connection in
            var state = SyncState(cursor: try await cursor(connection))
            state.request = request
            return try await withWork(state, connection, now: now, newestCount: newestCount)
        }
    }

    /// The state with its work read again.
    func withWork(_ state: SyncState, now: Date, newestCount: Int) async throws -> SyncState {
        try await database.withConnection { try await withWork(state, $0, now: now, newestCount: newestCount) }
    }

    private func withWork(_ old: SyncState, _ connection: Connection, now: Date, newestCount: Int) async throws -> SyncState {
        var state = old
        state.objects = try await objects(connection)
        if let sampleCount { try await putOff(connection, beyond: sampleCount) }
        state.work = try await work(connection, old.endpointsWanted, now: now)
        let threshold = try await connection.query(
            """
            SELECT start_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
            ORDER BY start_at DESC OFFSET \(newestCount - 1) LIMIT 1
            """)
        state.newestThreshold = try threshold.first?.decode(Date.self) ?? .distantPast
        let recent = try await connection.query(
            """
            SELECT count(*) FROM sync.activity
            WHERE athlete_id = \(athlete) AND gone_at IS NULL AND start_at > \(now.addingTimeInterval(-28 * 86_400))
            """)
        state.recentCount = try recent[0].decode(Int.self)
        let retry = try await connection.query(
            """
            SELECT min(next_try_at) FROM sync.completeness
            WHERE athlete_id = \(athlete) AND state IN ('pending', 'failed') AND next_try_at > \(now)
            """)
        state.earliestRetryAt = try retry.first?.decode(Date?.self)
        state.events = try await OpenEvents.read(of: athlete, connection)
        return state
    }

    private func cursor(_ connection: Connection) async throws -> SyncCursor {
        let rows = try await connection.query(
            """
            SELECT walk_page, walk_before, walk_oldest_at, walk_started_at, newest_start_at, listed_at, looked_back_at, history_complete_at,
                   first_complete_at
            FROM sync.cursor WHERE athlete_id = \(athlete)
            """)
        guard let row = rows.first else { return SyncCursor() }
        let (page, before, oldest, started, newest, listed, lookedBack, complete, first) = try row.decode(
            Int?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self)
        var cursor = SyncCursor(
            walkPage: page, walkStartedAt: started, newestStartAt: newest, listedAt: listed, lookedBackAt: lookedBack,
            historyCompleteAt: complete, firstCompleteAt: first)
        (cursor.walkBefore, cursor.walkOldestAt) = (before, oldest)
        return cursor
    }

    private func work(_ connection: Connection, _ endpoints: [CompletenessEndpoint], now: Date) async throws -> [WorkItem] {
        let rows = try await connection.query(
            """
            SELECT c.activity_id, c.start_at, a.first_listed_at, a.last_listed_at, c.endpoint, c.attempts,
                   c.reason IS NOT DISTINCT FROM \(OutcomeRules.secondLookReason)
            FROM sync.completeness c JOIN sync.activity a USING (athlete_id, activity_id)
            WHERE c.athlete_id = \(athlete) AND c.state IN ('pending', 'failed') AND c.endpoint = ANY (\(endpoints.map(\.rawValue)))
              AND (c.next_try_at IS NULL OR c.next_try_at <= \(now))
            ORDER BY c.start_at DESC, c.activity_id LIMIT \(TurnQueries.workRowsMax)
            """)
        return try WorkItem.grouped(rows, complete: rows.count < TurnQueries.workRowsMax)
    }

    /// The newest start that has landed and is not in the future.
    func newestLandedStart(now: Date) async throws -> Date? {
        let rows = try await database.query(
            "SELECT max(start_at) FROM sync.activity WHERE athlete_id = \(athlete) AND start_at <= \(now)")
        return try rows.first?.decode(Date?.self)
    }

    /// Activities that a walk over the whole list, begun at `walkStartedAt`, did not name, and how many there are in all.
    func unlisted(since walkStartedAt: Date) async throws -> (activities: [ActivityID], total: Int) {
        let rows = try await database.query(
            """
            SELECT coalesce(array_agg(activity_id) FILTER (WHERE last_listed_at < \(walkStartedAt)), '{}'), count(*)
            FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
            """)
        return try rows[0].decode([ActivityID].self, Int.self)
    }

    /// Whether an activity was deleted since `instant`, so far as events and answers tell.
    func hasGone(since instant: Date) async throws -> Bool {
        let rows = try await database.query(
            """
            SELECT EXISTS (SELECT FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at >= \(instant))
                OR EXISTS (
                    SELECT FROM sync.event
                    WHERE athlete_id = \(athlete) AND object_type = 'activity' AND aspect_type = 'delete' AND received_at >= \(instant))
            """)
        return try rows[0].decode(Bool.self)
    }

    /// Activities whose streams Strava did not have at the first look, which was before `instant`.
    func believedEmptyOnce(before instant: Date) async throws -> [ActivityID] {
        let rows = try await database.query(
            """
            SELECT activity_id FROM sync.completeness
            WHERE athlete_id = \(athlete) AND endpoint = 'streams' AND state = 'empty' AND updated_at < \(instant)
              AND reason = ANY (\(OutcomeRules.MissingReason.allCases.map(\.rawValue)))
            ORDER BY activity_id LIMIT \(OutcomeRules.secondLooksMax)
            """)
        return try rows.map { try $0.decode(ActivityID.self) }
    }

    /// Which of these were removed because their time was over, and have not changed since.
    func expired(_ listed: [(id: ActivityID, fingerprint: [UInt8])]) async throws -> Set<Int64> {
        let rows = try await database.query(
            """
            SELECT a.activity_id
            FROM unnest(\(listed.map(\.id)), \(listed.map(\.fingerprint))) AS w(activity_id, fingerprint)
            JOIN sync.activity a ON a.athlete_id = \(athlete) AND a.activity_id = w.activity_id AND a.fingerprint = w.fingerprint
            JOIN sync.completeness c ON c.athlete_id = a.athlete_id AND c.activity_id = a.activity_id AND c.endpoint = 'summary'
            WHERE c.state = 'expired' AND a.gone_at IS NULL
            """)
        return Set(try rows.map { try $0.decode(Int64.self) })
    }

    /// Stops the athlete until a new grant, with the reason for people; not when the lease was lost, as to a new grant that came meanwhile.
    func askToReconnect(_ reason: String, lease: LeaseFence, now: Date) async throws {
        try await database.transaction { connection in
            // Athlete before schedule, as whoever connects an athlete does.
            try await connection.query("SELECT 1 FROM sync.athlete WHERE athlete_id = \(athlete) FOR NO KEY UPDATE")
            try await connection.query(
                """
                UPDATE sync.athlete SET state = 'reconnect', state_reason = \(reason), updated_at = \(now)
                WHERE athlete_id = \(athlete) AND state = 'active' AND EXISTS (
                    SELECT FROM sync.schedule s
                    WHERE s.athlete_id = \(athlete) AND s.lease_owner = \(lease.owner) AND s.lease_fence = \(lease.fence))
                """)
        }
    }

    /// How often in a row this athlete's turns have failed.
    func failures() async throws -> Int {
        let rows = try await database.query("SELECT failures FROM sync.schedule WHERE athlete_id = \(athlete)")
        return try rows.first?.decode(Int.self) ?? 0
    }
}

extension WorkItem {
    /// Joins adjacent rows of one activity. When the answer was cut at its bound, its last activity may be cut too and is left for the next read.
    static func grouped(_ rows: Rows, complete: Bool) throws -> [WorkItem] {
        var items: [WorkItem] = []
        for row in rows {
            let (activity, start, first, last, name, attempts, isSecondLook) = try row.decode(
                ActivityID.self, Date.self, Date.self, Date.self, String.self, Int.self, Bool.self)
            guard let endpoint = CompletenessEndpoint(rawValue: name) else { continue }
            if items.last?.activityID != activity {
                items.append(WorkItem(activityID: activity, startAt: start, firstListedAt: first, lastListedAt: last, missing: [:]))
            }
            items[items.count - 1].missing[endpoint] = attempts
            if isSecondLook { items[items.count - 1].isSecondLook = true }
        }
        if !complete && items.count > 1 { items.removeLast() }
        return items
    }
}
