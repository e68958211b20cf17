import Core
import Database
import Foundation
import StravaAPI
import Vault

/// Admin's and application's side of the athletes: each call writes its intent to Postgres and then pokes the scheduler.
/// The poke may be lost, the row may not.
public struct AthleteRegistry: Sendable {
    private let database: Database
    private let vault: TokenVault
    private let clock: WallClock

    public init(database: Database, vault: TokenVault, clock: WallClock) {
        self.database = database
        self.vault = vault
        self.clock = clock
    }

    /// Stores an athlete with a sealed pair of tokens, due at once.
    ///
    /// An athlete who is known keeps cursor and data and gets the new grant: what an earlier grant could not see is asked for again.
    /// One in a browser is asked for as by hand; many at once stand in the ordinary line, where they are in nobody's way.
    /// Only many at once, as an admin hands them in, move a uid from one athlete to another.
    /// - Parameter keepsLater: a stored grant that expires later and is not known to be dead stays, and with it all but the uid.
    @discardableResult
    public func register(
        _ grant: TokenGrant, athlete: AthleteID, uid: UID?, scope: String, arrival: Arrival = .alone, keepsLater: Bool = false
    ) async throws -> Registration {
        let now = clock.now
        let request = try arrival == .awaited ? JSONText(SyncRequest(full: false, by: "connect", at: now.timeIntervalSince1970).json) : nil
        return try await database.transaction { connection in
            let change = try await UIDChange.make(uid, for: athlete, isMoveAllowed: arrival == .bulk, on: connection)
            if let conflict = change.conflict { return Registration(.refused(conflict)) }
            if keepsLater, let until = try await vault.laterExpiry(than: grant, of: athlete, on: connection) {
                return Registration(.kept(until: until), moves: change.moves)
            }
            let rows = try await connection.query(
                """
                INSERT INTO sync.athlete (athlete_id, uid, scope, created_at, updated_at) VALUES (\(athlete), \(uid?.text), \(scope), \(now), \(now))
                ON CONFLICT (athlete_id) DO UPDATE SET uid = coalesce(excluded.uid, athlete.uid), scope = excluded.scope, state = 'active',
                    state_reason = NULL, updated_at = \(now)
                RETURNING (xmax = 0), greatest(\(now), paused_until)
                """)
            let (isNew, dueAt) = try rows[0].decode(Bool.self, Date.self)
            // A turn under way works for the grant that is replaced here. It loses its lease: nothing that it still finds out (a scope that is
            // missing, a dead token) is written over the new grant, and the athlete goes on at once.
            try await connection.query(
                """
                INSERT INTO sync.schedule (athlete_id, due_at, priority, request) VALUES (\(athlete), \(dueAt), \(arrival.priority), \(request))
                ON CONFLICT (athlete_id) DO UPDATE SET due_at = excluded.due_at, priority = least(schedule.priority, excluded.priority),
                    failures = 0, last_error = NULL, request = coalesce(schedule.request, excluded.request),
                    lease_owner = NULL, lease_expires_at = NULL
                """)
            try await connection.query("INSERT INTO sync.cursor (athlete_id) VALUES (\(athlete)) ON CONFLICT DO NOTHING")
            try await connection.query(
                "INSERT INTO sync.silver_lock VALUES (\(athlete), false), (\(athlete), true) ON CONFLICT DO NOTHING")
            try await askAgainForNoScope(athlete, on: connection)
            try await vault.store(grant, for: athlete, on: connection)
            try await connection.query("SELECT pg_notify('sync', '')")
            return Registration(isNew ? .added : .updated, moves: change.moves)
        }
    }

    /// What the old grant could not see is asked for again, and the profile, which says whose the new grant is.
    private func askAgainForNoScope(_ athlete: AthleteID, on connection: Connection) async throws {
        try await connection.query(
            """
            UPDATE sync.completeness SET state = 'pending', reason = NULL, next_try_at = NULL, updated_at = \(clock.now)
            WHERE athlete_id = \(athlete) AND state = 'no_scope'
            """)
        try await connection.query(
            """
            UPDATE sync.athlete_object SET state = 'pending', reason = NULL, next_try_at = NULL
            WHERE athlete_id = \(athlete) AND (state = 'no_scope' OR endpoint = 'profile')
            """)
    }

    /// Gives an athlete another uid, also one that another athlete has. Answers the uids that changed.
    public func rename(_ athlete: AthleteID, to uid: UID) async throws -> [UIDMove] {
        try await database.transaction { connection in
            let rows = try await connection.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete)")
            try require(athlete, found: rows.count)
            return try await UIDChange.make(uid, for: athlete, isMoveAllowed: true, on: connection).moves
        }
    }

    /// Asks for a sync now, of one athlete or of all. Answers how many were asked for.
    ///
    /// All of them together go into the line of the ordinary work, spread by the order they were due in; one goes to its head.
    /// - Parameters:
    ///   - only: these steps alone; the rest waits for the ordinary rhythm. Nil: all.
    ///   - streams: of streams only these; what landed with other ones is asked for again. Nil: all.
    public func requestSync(
        _ athlete: AthleteID?, full: Bool, only: [SyncStep]? = nil, streams: [StreamKey]? = nil, by: String
    ) async throws -> Int {
        let now = clock.now
        let asked = SyncRequest(
            full: full, by: by, at: now.timeIntervalSince1970, only: only, bulk: athlete == nil ? true : nil, streams: streams)
        if let athlete {
            let count = try await write(asked, for: [athlete])
            try await poke()
            try require(athlete, found: count)
            return count
        }
        var (count, last) = (0, AthleteID(.min))
        while true {
            let rows = try await database.query(
                "SELECT athlete_id FROM sync.schedule WHERE athlete_id > \(last) ORDER BY athlete_id LIMIT \(Self.askedAtOnce)")
            let athletes = try rows.map { try $0.decode(AthleteID.self) }
            guard let end = athletes.last else { break }
            count += try await write(asked, for: athletes)
            last = end
            try await poke()
        }
        return count
    }

    /// Athletes in one transaction of a request to all: their turns wait for it, and their activities are changed with them.
    private static let askedAtOnce = 200

    /// Writes a request, and what it asks for again, in one transaction. Locks are taken in the order of landings: schedule, then completeness.
    private func write(_ asked: SyncRequest, for athletes: [AthleteID]) async throws -> Int {
        let now = clock.now
        let request = JSONText(try asked.json)
        return try await database.transaction { connection in
            let rows = try await connection.query(
                """
                WITH asked AS (
                    SELECT s.athlete_id, a.state, a.paused_until FROM sync.schedule s JOIN sync.athlete a USING (athlete_id)
                    WHERE s.athlete_id = ANY (\(athletes)) ORDER BY s.athlete_id FOR UPDATE OF s)
                UPDATE sync.schedule s SET request = \(request), priority = \(asked.isBulk ? 2 : 0),
                    due_at = CASE WHEN s.lease_owner IS NULL AND a.state = 'active' THEN greatest(\(now), a.paused_until) ELSE s.due_at END
                FROM asked a WHERE a.athlete_id = s.athlete_id
                """)
            if asked.only?.contains(.streams) ?? false {
                // Streams of which some were left out, by another choice than this, are missing for this request.
                try await connection.query(
                    """
                    UPDATE sync.completeness SET state = 'pending', reason = NULL, next_try_at = NULL, updated_at = \(now)
                    WHERE athlete_id = ANY (\(athletes)) AND endpoint = 'streams' AND state = 'landed'
                      AND reason LIKE \(SyncRequest.chosenPrefix + "%") AND reason IS DISTINCT FROM \(asked.streamsReason)
                    """)
            }
            return rows.affected
        }
    }

    /// Stops work on one athlete, or on all, until `until`, or until resumed when nil. A turn under way ends after its request in flight.
    public func pause(_ athlete: AthleteID?, until: Date?, reason: String?) async throws -> Int {
        let end = until ?? .distantFuture
        guard let athlete else { return try await pauseAll(until: end, reason: reason) }
        let rows = try await database.query(
            """
            WITH paused AS (
                UPDATE sync.athlete SET paused_until = \(end), pause_reason = \(reason), updated_at = \(clock.now)
                WHERE athlete_id = \(athlete) RETURNING athlete_id)
            UPDATE sync.schedule s SET due_at = CASE WHEN lease_owner IS NULL THEN greatest(due_at, \(end)) ELSE due_at END
            FROM paused WHERE paused.athlete_id = s.athlete_id
            """)
        try require(athlete, found: rows.affected)
        return rows.affected
    }

    /// Takes back a pause, of one athlete or of all. Resuming all leaves athletes paused who were paused one by one.
    public func resume(_ athlete: AthleteID?) async throws -> Int {
        guard let athlete else {
            let rows = try await database.query("DELETE FROM sync.setting WHERE key IN ('paused_until', 'pause_reason')")
            try await poke()
            return rows.affected > 0 ? 1 : 0
        }
        let rows = try await database.query(
            """
            WITH resumed AS (
                UPDATE sync.athlete SET paused_until = NULL, pause_reason = NULL, updated_at = \(clock.now)
                WHERE athlete_id = \(athlete) RETURNING athlete_id, state)
            UPDATE sync.schedule s
            SET due_at = CASE WHEN lease_owner IS NULL AND resumed.state = 'active' THEN \(clock.now) ELSE due_at END
            FROM resumed WHERE resumed.athlete_id = s.athlete_id
            """)
        try await poke()
        try require(athlete, found: rows.affected)
        return rows.affected
    }

    private func pauseAll(until: Date, reason: String?) async throws -> Int {
        try await database.query(
            """
            INSERT INTO sync.setting (key, value, updated_at)
            VALUES ('paused_until', to_jsonb(\(until)::timestamptz::text), \(clock.now)), ('pause_reason', to_jsonb(coalesce(\(reason)::text, '')), \(clock.now))
            ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at
            """)
        return 1
    }

    private func poke() async throws { try await database.query("SELECT pg_notify('sync', '')") }

    private func require(_ athlete: AthleteID?, found: Int) throws {
        if let athlete, found == 0 {
            throw SyncError(.unknownAthlete, "athlete \(athlete) is not known: see fitnessctl athletes list")
        }
    }
}
