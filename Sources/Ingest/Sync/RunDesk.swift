import Core
import Database
import Foundation
import SyncStore

/// Takes requests of athletes and programs to sync now, and says how each went. Whoever asks again while a run is waiting, or soon after it
/// was asked for, gets the same run: no client can spend the application's quota by asking often.
public struct RunDesk: Sendable {
    /// A run that was asked for less than this ago is not asked for again.
    private static let pause_s = 60.0
    /// The runs of an athlete in 24 hours that come first, like a manual request; others wait with the ordinary work.
    private static let urgentMax = 24
    private static let kept_s = 30 * 86_400.0

    /// A run, and how it stands.
    public struct Run: Sendable {
        public enum State: String, Sendable { case waiting, working, done, failed, paused }

        public let id: Int64
        public let requestedAt: Date
        public let state: State
        public let progress: SyncProgress
        /// Whether the athlete has to connect with Strava again.
        public let needsReconnect: Bool
    }

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock = .system) {
        self.database = database
        self.clock = clock
    }

    /// Requests a sync. Returns the number of the run, and whether it is a new one.
    ///
    /// - Parameter by: who asks, for `explain`.
    /// - Throws: `SyncError` with `unknownAthlete`.
    public func request(_ athlete: AthleteID, by: String) async throws -> (run: Int64, isNew: Bool) {
        let now = clock.now
        let request = JSONText(try SyncRequest(full: false, by: by, at: now.timeIntervalSince1970).json)
        return try await database.transaction { connection in
            // One at a time, so that two requests at once are one run.
            if try await connection.query(RowLock.athlete(athlete)).isEmpty {
                throw SyncError(.unknownAthlete, "athlete \(athlete) is not known")
            }
            let rows = try await connection.query(
                """
                SELECT r.run_id, r.requested_at > \(now.addingTimeInterval(-Self.pause_s)) OR s.request IS NOT NULL,
                    count(*) FILTER (WHERE r.requested_at > \(now.addingTimeInterval(-86_400))) OVER ()
                FROM sync.requested_run r JOIN sync.schedule s USING (athlete_id)
                WHERE r.athlete_id = \(athlete) ORDER BY r.run_id DESC LIMIT 1
                """)
            let last = try rows.first?.decode(Int64.self, Bool.self, Int.self)
            if let last, last.1 { return (last.0, false) }
            try await connection.query(RequestedRunTable.prune(of: athlete, requestedBefore: now.addingTimeInterval(-Self.kept_s)))
            let run = try await connection.query(RequestedRunTable.add(athlete, now: now))
            let priority = (last?.2 ?? 0) < Self.urgentMax ? 0 : 2
            try await connection.query(ScheduleTable.bringForward(athlete, request: request, priority: priority, now: now))
            try await connection.query("SELECT pg_notify('sync', '')")
            return (try run[0].decode(Int64.self), true)
        }
    }

    /// A run of this athlete; nil: it has no such run.
    public func run(_ id: Int64, of athlete: AthleteID) async throws -> Run? {
        let rows = try await database.query(
            """
            SELECT r.requested_at, a.state = 'reconnect'
            FROM sync.requested_run r JOIN sync.athlete a USING (athlete_id)
            WHERE r.athlete_id = \(athlete) AND r.run_id = \(id) AND a.state <> 'erasing'
            """)
        guard let (requestedAt, needsReconnect) = try rows.first?.decode(Date.self, Bool.self) else { return nil }
        let progress = try await SyncProgress.read(of: athlete, since: requestedAt, from: database, now: clock.now)
        let state: Run.State =
            switch progress.outcome {
            case .done: .done
            case .failed: .failed
            case .paused: .paused
            case nil: progress.working > 0 ? .working : .waiting
            }
        return Run(id: id, requestedAt: requestedAt, state: state, progress: progress, needsReconnect: needsReconnect)
    }
}
