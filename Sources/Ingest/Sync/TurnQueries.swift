import Core
import Database
import Foundation
import SyncStore

/// Whether a turn may go on, as PostgreSQL has it at one instant.
struct TurnStanding: Sendable {
    let readAt: Date
    /// The lease holds, and neither the athlete nor everything is paused.
    let mayGoOn: Bool
    /// Another athlete of the claim's priority is due and not in work.
    let isAnyoneDue: Bool
}

/// The statements of one athlete's turn. What a turn reads as a whole it reads in one round trip.
struct TurnQueries: Sendable {
    /// The ledger's reason for what a sample leaves out.
    static let sampleReason = "beyond the sample"

    let database: Database
    let claim: Claim
    let newestCount: Int
    var sampleCount: Int?
    /// Whether Strava's zones of activities are wanted.
    var fetchesZones = false
    /// What is fetched of the past unless a request says otherwise.
    var history = HistoryChoice.full

    private var athlete: AthleteID { claim.athleteID }

    /// Rows read at once: enough for some minutes of work under Strava's limits.
    private static let workRowsMax = 120
    /// Own objects that a turn looks at: nobody has that many bikes.
    private static let objectsMax = 1_000
    private static let recent_s: Double = 28 * 86_400

    // MARK: The state

    /// The state with which a turn begins.
    func state(_ request: SyncRequest?, now: Date) async throws -> (SyncState, TurnStanding) {
        var state = SyncState()
        state.request = request
        return try await read(state, now: now, withCursor: true)
    }

    /// The state with everything read again that landings may have changed. The cursor is not: the turn applies its changes itself.
    func stateAgain(_ state: SyncState, now: Date) async throws -> (SyncState, TurnStanding) {
        try await read(state, now: now, withCursor: false)
    }

    func standing(now: Date) async throws -> TurnStanding {
        try standing(try await database.query(standingQuery(now: now)), now: now)
    }

    private func read(_ old: SyncState, now: Date, withCursor: Bool) async throws -> (SyncState, TurnStanding) {
        var state = old
        let past = old.request?.pastWanted(setting: history) ?? history
        // First, so that the work is read without it.
        let postponed = postponements(past, now: now)
        let behind = workBehind(past, old, now: now)
        var batch = [
            standingQuery(now: now), objectsQuery, workQuery(old.endpointsWanted, pastDetails: past == .full ? nil : false, now: now),
            figuresQuery(now: now),
            OpenEvents.query(athlete),
        ]
        if withCursor { batch.append(cursorQuery) }
        let statements = postponed + batch + behind
        let rows = Array(try await database.withConnection { try await $0.pipeline(statements) }.dropFirst(postponed.count))
        state.objects = try objects(rows[1])
        state.isWorkComplete = rows[2].count < Self.workRowsMax
        state.work = try WorkItem.grouped(rows[2], complete: state.isWorkComplete)
        for part in rows.suffix(behind.count) { try state.addWork(part, rowsMax: Self.workRowsMax) }
        let (threshold, newest, firstListed, recentCount, retryAt) = try rows[3][0].decode(
            Date?.self, Date?.self, Date?.self, Int.self, Date?.self)
        state.newestThreshold = threshold ?? .distantPast
        (state.newestListedAt, state.newestFirstListedAt) = (newest, firstListed)
        (state.recentCount, state.earliestRetryAt) = (recentCount, retryAt)
        state.events = try OpenEvents(rows[4])
        if withCursor { state.cursor = try cursor(rows[5]) }
        return (state, try standing(rows[0], now: now))
    }

    private func standingQuery(now: Date) -> SQL {
        """
        SELECT EXISTS (
            SELECT FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
            WHERE s.athlete_id = \(athlete) AND s.lease_owner = \(claim.lease.owner) AND s.lease_fence = \(claim.lease.fence)
              AND a.state = 'active' AND (a.paused_until IS NULL OR a.paused_until <= \(now))
              AND NOT EXISTS (SELECT FROM sync.setting WHERE key = 'paused_until' AND (value #>> '{}')::timestamptz > \(now))),
            EXISTS (SELECT FROM sync.schedule WHERE priority = \(claim.priority) AND due_at <= \(now))
        """
    }

    private func standing(_ rows: Rows, now: Date) throws -> TurnStanding {
        let (mayGoOn, isAnyoneDue) = try rows[0].decode(Bool.self, Bool.self)
        return TurnStanding(readAt: now, mayGoOn: mayGoOn, isAnyoneDue: isAnyoneDue)
    }

    /// Gear last.
    private var objectsQuery: SQL {
        """
        SELECT endpoint, object, state, attempts, next_try_at, checked_at, used_at FROM sync.athlete_object
        WHERE athlete_id = \(athlete) ORDER BY endpoint = 'gear', endpoint DESC, used_at DESC, object LIMIT \(Self.objectsMax)
        """
    }

    /// - Parameter pastDetails: true: only details that only the past asks for; false: all else; nil: everything.
    private func workQuery(_ endpoints: [CompletenessEndpoint], pastDetails: Bool? = nil, now: Date) -> SQL {
        var part: SQL = ""
        if let pastDetails {
            let isPastDetail = CompletenessTable.isPastDetail(
                of: athlete, newest: newestCount, newSince: now.addingTimeInterval(-HistoryChoice.new_s))
            part = "AND \(pastDetails) = \(isPastDetail)"
        }
        return """
            SELECT c.activity_id, c.start_at, a.first_listed_at, a.last_listed_at, c.endpoint, c.attempts,
                   c.reason IS NOT DISTINCT FROM \(OutcomeRules.secondLookReason)
            FROM sync.completeness c JOIN sync.activity a USING (athlete_id, activity_id)
            WHERE c.athlete_id = \(athlete) AND c.state IN ('pending', 'failed') AND c.endpoint = ANY (\(endpoints.map(\.rawValue)))
              AND (c.next_try_at IS NULL OR c.next_try_at <= \(now)) \(part)
            ORDER BY c.start_at DESC, c.activity_id LIMIT \(Self.workRowsMax)
            """
    }

    private func postponements(_ past: HistoryChoice, now: Date) -> [SQL] {
        var statements: [SQL] = []
        if let sampleCount { statements.append(CompletenessTable.postpone(athlete, beyond: sampleCount, reason: Self.sampleReason)) }
        if history == .streamsOnly, past == .streamsOnly {
            statements.append(
                CompletenessTable.postponePastDetails(
                    athlete, newest: newestCount, newSince: now.addingTimeInterval(-HistoryChoice.new_s),
                    reason: HistoryChoice.notWantedReason))
        }
        return statements
    }

    /// Work that comes after all else, in this order.
    private func workBehind(_ past: HistoryChoice, _ state: SyncState, now: Date) -> [SQL] {
        var statements: [SQL] = []
        if past == .streamsFirst, state.endpointsWanted.contains(.detail) {
            statements.append(workQuery([.detail], pastDetails: true, now: now))
        }
        if fetchesZones, state.request?.only == nil { statements.append(workQuery([.zones], now: now)) }
        return statements
    }

    /// Start of the oldest of the newest activities; newest start, and when a list first named that activity; number of recent activities, and when the next work becomes due.
    private func figuresQuery(now: Date) -> SQL {
        """
        SELECT
            (SELECT start_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
             ORDER BY start_at DESC OFFSET \(newestCount - 1) LIMIT 1),
            (SELECT max(start_at) FROM sync.activity WHERE athlete_id = \(athlete) AND start_at <= \(now)),
            (SELECT first_listed_at FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL AND start_at <= \(now)
             ORDER BY start_at DESC LIMIT 1),
            (SELECT count(*) FROM sync.activity
             WHERE athlete_id = \(athlete) AND gone_at IS NULL AND start_at > \(now.addingTimeInterval(-Self.recent_s))),
            (SELECT min(next_try_at) FROM sync.completeness
             WHERE athlete_id = \(athlete) AND state IN ('pending', 'failed') AND next_try_at > \(now))
        """
    }

    private var cursorQuery: SQL {
        """
        SELECT walk_page, walk_before, walk_oldest_at, walk_started_at, newest_start_at, listed_at, looked_back_at, history_complete_at,
               first_complete_at
        FROM sync.cursor WHERE athlete_id = \(athlete)
        """
    }

    /// All own objects; those that every athlete has even without a row.
    private func objects(_ rows: Rows) throws -> [ObjectStanding] {
        let known = try rows.compactMap(ObjectStanding.init)
        let unknown = AthleteObject.always.filter { object in !known.contains { $0.object == object } }
        return unknown.map { ObjectStanding($0) } + known
    }

    private func cursor(_ rows: Rows) throws -> SyncCursor {
        guard let row = rows.first else { return SyncCursor() }
        let (page, before, oldest, started, newest, listed, lookedBack, complete, first) = try row.decode(
            Int?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self, Date?.self)
        var cursor = SyncCursor(
            walkPage: page, walkStartedAt: started, newestStartAt: newest, listedAt: listed, lookedBackAt: lookedBack,
            historyCompleteAt: complete, firstCompleteAt: first)
        (cursor.walkBefore, cursor.walkOldestAt) = (before, oldest)
        return cursor
    }

    // MARK: For the end of a walk, and for pages of the list

    /// The activities that the walk begun at `walkStartedAt` did not name, and how many there are in all.
    func unlisted(since walkStartedAt: Date) async throws -> (activities: [ActivityID], total: Int) {
        let rows = try await database.query(
            """
            SELECT coalesce(array_agg(activity_id) FILTER (WHERE last_listed_at < \(walkStartedAt)), '{}'), count(*)
            FROM sync.activity WHERE athlete_id = \(athlete) AND gone_at IS NULL
            """)
        return try rows[0].decode([ActivityID].self, Int.self)
    }

    /// Whether an activity was deleted since `instant`, according to events and answers.
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

    /// Which of these activities retention has removed, if they have not changed since.
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

    /// Stops the athlete until there is a new grant, with a reason for people. Does nothing if the lease was lost, as to a new grant.
    func askToReconnect(_ reason: String, now: Date) async throws {
        try await database.transaction { connection in
            try await connection.query(RowLock.athlete(athlete))
            try await connection.query(AthleteTable.requireReconnect(athlete, reason: reason, under: claim.lease, now: now))
        }
    }

    /// The end of a turn: its events, the row of the run, next due time, priority, failures and the fulfilled request, in one round trip and one
    /// transaction. A turn that has lost its lease changes nothing.
    func finish(_ end: TurnEnd, now: Date) async throws {
        // Locked first; released last, since the other statements look whether the lease holds.
        var batch = [RowLock.lease(of: claim)]
        if !end.events.isEmpty { batch.append(EventTable.mark(end, of: claim, now: now)) }
        batch += [RunTable.add(end, of: claim, now: now), ScheduleTable.release(claim, end, now: now)]
        _ = try await database.withConnection { [batch] in try await $0.pipeline(batch) }
    }

    /// Whether the athlete is erased, or being erased: the log does not name them any more.
    func isErased() async throws -> Bool {
        try await database.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete) AND state <> 'erasing'").isEmpty
    }

    /// How many turns of this athlete have failed in a row.
    func failures() async throws -> Int {
        let rows = try await database.query("SELECT failures FROM sync.schedule WHERE athlete_id = \(athlete)")
        return try rows.first?.decode(Int.self) ?? 0
    }
}

extension SyncState {
    /// Adds work behind all other, if all of that is known.
    fileprivate mutating func addWork(_ rows: Rows, rowsMax: Int) throws {
        guard isWorkComplete else { return }
        isWorkComplete = rows.count < rowsMax
        work += try WorkItem.grouped(rows, complete: isWorkComplete)
    }
}

extension WorkItem {
    /// Joins adjacent rows of one activity. If the rows were cut at their limit, the last activity may be incomplete and is left for the next read.
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

extension ObjectStanding {
    /// Nil: an object that this version does not know.
    fileprivate init?(_ row: Row) throws {
        let (endpoint, name, state, attempts, nextTryAt, checkedAt, usedAt) = try row.decode(
            String.self, String.self, String.self, Int.self, Date?.self, Date?.self, Date?.self)
        guard let object = AthleteObject(endpoint: endpoint, object: name), let state = CompletenessState(rawValue: state) else {
            return nil
        }
        self.init(object, state: state, attempts: attempts, nextTryAt: nextTryAt, checkedAt: checkedAt, usedAt: usedAt)
    }
}
