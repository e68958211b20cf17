import Core
import Database
import Foundation
import StravaAPI
import SyncStore
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
        let request = try arrival == .awaited ? SyncRequest(full: false, by: "connect", at: now.timeIntervalSince1970).json : nil
        return try await database.transaction { connection in
            let change = try await UIDChange.make(uid, for: athlete, isMoveAllowed: arrival == .bulk, on: connection)
            if let conflict = change.conflict { return Registration(.refused(conflict)) }
            if keepsLater, let until = try await vault.laterExpiry(than: grant, of: athlete, on: connection) {
                return Registration(.kept(until: until), moves: change.moves)
            }
            let rows = try await connection.query(AthleteTable.register(athlete, uid: uid, scope: scope, now: now))
            let (isNew, dueAt) = try rows[0].decode(Bool.self, Date.self)
            try await connection.query(SilverLockTable.add(athlete))
            // Waits for a refresh under way, which holds nothing else.
            try await vault.store(grant, for: athlete, on: connection)
            try await connection.query(
                ScheduleTable.register(athlete, dueAt: dueAt, priority: arrival.priority, request: request.map { JSONText($0) }))
            try await connection.query(CompletenessTable.reopenNoScope(of: athlete, now: now))
            try await connection.query(CursorTable.add(athlete))
            try await connection.query(AthleteObjectTable.reopenNoScope(of: athlete))
            try await connection.query("SELECT pg_notify('sync', '')")
            return Registration(isNew ? .added : .updated, moves: change.moves)
        }
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

    /// Writes a request, and what it asks for again, in one transaction.
    private func write(_ asked: SyncRequest, for athletes: [AthleteID]) async throws -> Int {
        let now = clock.now
        let request = JSONText(try asked.json)
        return try await database.transaction { connection in
            let rows = try await connection.query(
                ScheduleTable.request(request, of: athletes, priority: asked.isBulk ? 2 : 0, now: now))
            if asked.only?.contains(.streams) ?? false {
                // Streams of which some were left out, by another choice than this, are missing for this request.
                try await connection.query(
                    CompletenessTable.reopenStreams(
                        of: athletes, chosenBy: SyncRequest.chosenPrefix, except: asked.streamsReason, now: now))
            }
            return rows.affected
        }
    }

    /// Stops work on one athlete, or on all, until `until`, or until resumed when nil. A turn under way ends after its request in flight.
    public func pause(_ athlete: AthleteID?, until: Date?, reason: String?) async throws -> Int {
        let end = until ?? .distantFuture
        guard let athlete else { return try await pauseAll(until: end, reason: reason) }
        let rows = try await database.query(AthleteTable.pause(athlete, until: end, reason: reason, now: clock.now))
        try require(athlete, found: rows.affected)
        return rows.affected
    }

    /// Takes back a pause, of one athlete or of all. Resuming all leaves athletes paused who were paused one by one.
    public func resume(_ athlete: AthleteID?) async throws -> Int {
        guard let athlete else {
            let rows = try await database.query(SettingTable.resumeAll)
            try await poke()
            return rows.affected > 0 ? 1 : 0
        }
        let rows = try await database.query(AthleteTable.resume(athlete, now: clock.now))
        try await poke()
        try require(athlete, found: rows.affected)
        return rows.affected
    }

    private func pauseAll(until: Date, reason: String?) async throws -> Int {
        try await database.query(SettingTable.pauseAll(until: until, reason: reason, now: clock.now))
        return 1
    }

    private func poke() async throws { try await database.query("SELECT pg_notify('sync', '')") }

    private func require(_ athlete: AthleteID?, found: Int) throws {
        if let athlete, found == 0 {
            throw SyncError(.unknownAthlete, "athlete \(athlete) is not known: see fitnessctl athletes list")
        }
    }
}
