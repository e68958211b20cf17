import Core
import Database
import Foundation
import StravaAPI
import SyncStore
import Vault

/// What admins and the application request for athletes. Each call writes the request to PostgreSQL, then wakes the scheduler with a notification.
/// A lost notification only delays it: the scheduler polls, too.
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
    /// A known athlete keeps cursor and data and gets the new grant: what an earlier grant could not see is requested again.
    /// An athlete who connects in a browser has the priority of a manual request; an import of many has ordinary priority and delays nobody.
    /// Of these only an import, which an admin makes, moves a uid from one athlete to another.
    /// - Parameter keepsLater: a stored grant that expires later and is not known to be dead is kept, and everything else but the uid, too.
    @discardableResult
    public func register(
        _ grant: TokenGrant, athlete: AthleteID, uid: UID?, scope: String, arrival: Arrival = .alone, keepsLater: Bool = false
    ) async throws -> Registration {
        let now = clock.now
        // Before any lock is taken: an erasure may take seconds.
        if try await isBeingErased(athlete) { throw beingErased(athlete) }
        return try await database.transaction { connection in
            let change = try await UIDChange.make(
                uid, for: athlete, arrival == .bulk ? .all : .asked(nil), cause: arrival == .bulk ? .import : .connect, now: now,
                on: connection)
            if let conflict = change.conflict { return Registration(.refused(conflict)) }
            let outcome = try await store(
                grant, of: athlete, uid, scope: scope, arrival, keepsLater: keepsLater, now: now, on: connection)
            return Registration(outcome, moves: change.moves)
        }
    }

    /// Registers an athlete who has consented in a browser, and uses up the link. Uids move only as far as the person has agreed.
    ///
    /// - Throws: `VaultError` when a held grant can't be opened.
    public func register(_ consent: Consent) async throws -> ConsentResult {
        let now = clock.now
        let (athlete, link) = (consent.athlete, consent.link)
        // Before any lock is taken: an erasure may take seconds.
        if try await isBeingErased(athlete) { throw beingErased(athlete) }
        let (grant, wasHeld) = try await opened(consent)
        let registration = try await database.transaction { connection in
            // Consents are decided one after the other, so that a link is used by one of them.
            try await connection.query(SettingTable.lockUIDs)
            let used = try await connection.query("SELECT FROM sync.connect_link WHERE link_id = \(link.id)")
            if !used.isEmpty, consent.renewedAthlete != athlete { return Registration(.linkUsed) }
            let change = try await UIDChange.make(
                consent.uid, for: athlete, .asked(consent.accepted), cause: .connect, now: now, on: connection)
            if let conflict = change.conflict { return Registration(.refused(conflict)) }
            // While the person was asked, the athlete may have connected elsewhere.
            let outcome = try await store(
                grant, of: athlete, consent.uid, scope: consent.scope, .awaited, keepsLater: wasHeld, now: now, on: connection)
            try await connection.query(ConnectLinkTable.use(link.id, expiresAt: link.expiresAt, now: now))
            return Registration(outcome, moves: change.moves)
        }
        guard case .refused = registration.outcome else { return ConsentResult(registration: registration, held: nil) }
        return ConsentResult(registration: registration, held: try await vault.hold(grant, of: athlete))
    }

    private func opened(_ consent: Consent) async throws -> (grant: TokenGrant, wasHeld: Bool) {
        switch consent.grant {
        case .fresh(let grant): (grant, false)
        case .held(let held): (try await vault.release(held, of: consent.athlete), true)
        }
    }

    private func store(
        _ grant: TokenGrant, of athlete: AthleteID, _ uid: UID?, scope: String, _ arrival: Arrival, keepsLater: Bool, now: Date,
        on connection: Connection
    ) async throws -> Registration.Outcome {
        if keepsLater, let until = try await vault.laterExpiry(than: grant, of: athlete, on: connection) { return .kept(until: until) }
        let request = try arrival == .awaited ? SyncRequest(full: false, by: "connect", at: now.timeIntervalSince1970).json : nil
        let rows = try await connection.query(AthleteTable.register(athlete, uid: uid, scope: scope, now: now))
        guard let row = rows.first else { throw beingErased(athlete) }
        let (isNew, dueAt) = try row.decode(Bool.self, Date.self)
        try await connection.query(SilverLockTable.add(athlete))
        // Waits for a refresh under way, which holds nothing else.
        try await vault.store(grant, for: athlete, on: connection)
        try await connection.query(
            ScheduleTable.register(athlete, dueAt: dueAt, priority: arrival.priority, request: request.map { JSONText($0) }))
        try await connection.query(CompletenessTable.reopenNoScope(of: athlete, now: now))
        try await connection.query(CursorTable.add(athlete))
        try await connection.query(AthleteObjectTable.reopenNoScope(of: athlete))
        try await connection.query("SELECT pg_notify('sync', '')")
        if isNew { try await keepGrant(athlete, now: now, on: connection) }
        return isNew ? .added : .updated
    }

    /// Whether there is a receipt of an erasure of this athlete, who has not connected since.
    public func isErased(_ athlete: AthleteID) async throws -> Bool {
        let tags = vault.erasureTags(of: athlete)
        return try await database.query(
            """
            SELECT EXISTS (SELECT FROM sync.erasure WHERE athlete_tag = ANY (\(tags)))
                AND NOT EXISTS (SELECT FROM sync.athlete WHERE athlete_id = \(athlete) AND state <> 'erasing')
            """)[0].decode(Bool.self)
    }

    private func isBeingErased(_ athlete: AthleteID) async throws -> Bool {
        try await !database.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete) AND state = 'erasing'").isEmpty
    }

    /// A former grant of an athlete who was erased is not revoked any more, if that was still to be done: it would end the new one, too.
    private func keepGrant(_ athlete: AthleteID, now: Date, on connection: Connection) async throws {
        let rows = try await connection.query(ErasureTable.supersede(vault.erasureTags(of: athlete), now: now))
        if !rows.isEmpty { try await vault.drop(try rows.map { try $0.decode(UUID.self) }, on: connection) }
    }

    private func beingErased(_ athlete: AthleteID) -> SyncError {
        SyncError(.beingErased, "athlete \(athlete) is being erased: connect again in a few minutes")
    }

    /// Changes an athlete's uid, also to one that another athlete has. Returns the uids that changed.
    public func rename(_ athlete: AthleteID, to uid: UID) async throws -> [UIDMove] {
        try await database.transaction { connection in
            let rows = try await connection.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete)")
            try require(athlete, found: rows.count)
            return try await UIDChange.make(uid, for: athlete, .all, cause: .import, now: clock.now, on: connection).moves
        }
    }

    /// Requests a sync now, of one athlete or of all. Returns the number of athletes.
    ///
    /// A request for all has ordinary priority, in the order in which the athletes were due; a request for one comes first.
    /// - Parameters:
    ///   - only: only these steps; the others follow at their ordinary intervals. Nil: all.
    ///   - streams: only these streams; activities that landed with others are requested again. Nil: all.
    ///   - history: what is fetched of the past, and in which order; nil: as set for all.
    public func requestSync(
        _ athlete: AthleteID?, full: Bool, only: [SyncStep]? = nil, streams: [StreamKey]? = nil, history: HistoryChoice? = nil, by: String
    ) async throws -> Int {
        let now = clock.now
        let asked = SyncRequest(
            full: full, by: by, at: now.timeIntervalSince1970, only: only, bulk: athlete == nil ? true : nil, streams: streams,
            history: history)
        if let athlete {
            let count = try await write(asked, for: [athlete])
            try await poke()
            try require(athlete, found: count)
            return count
        }
        var (count, last) = (0, AthleteID(.min))
        while true {
            let rows = try await database.query(
                """
                SELECT athlete_id FROM sync.athlete WHERE athlete_id > \(last) AND state <> 'erasing'
                ORDER BY athlete_id LIMIT \(Self.askedAtOnce)
                """)
            let athletes = try rows.map { try $0.decode(AthleteID.self) }
            guard let end = athletes.last else { break }
            count += try await write(asked, for: athletes)
            last = end
            try await poke()
        }
        return count
    }

    /// Athletes in one transaction of a request for all: their turns wait for it, since their activities change in it.
    private static let askedAtOnce = 200

    /// Writes a request, and the ledger rows that it sets to pending, in one transaction.
    private func write(_ asked: SyncRequest, for athletes: [AthleteID]) async throws -> Int {
        let now = clock.now
        let request = JSONText(try asked.json)
        return try await database.transaction { connection in
            let rows = try await connection.query(
                ScheduleTable.request(request, of: athletes, priority: asked.isBulk ? 2 : 0, now: now))
            let wantsDetails = asked.pastWanted(setting: .streamsOnly) != .streamsOnly
            if wantsDetails {
                try await connection.query(
                    CompletenessTable.lockReopened(
                        of: athletes, chosenBy: SyncRequest.chosenPrefix, postponedBecause: HistoryChoice.notWantedReason))
            }
            if asked.only?.contains(.streams) ?? false {
                // Streams that landed under another choice are incomplete for this request.
                try await connection.query(
                    CompletenessTable.reopenStreams(
                        of: athletes, chosenBy: SyncRequest.chosenPrefix, except: asked.streamsReason, now: now))
            }
            if wantsDetails {
                // Details of the past that the setting leaves out are wanted now.
                try await connection.query(CompletenessTable.resumePostponed(of: athletes, reason: HistoryChoice.notWantedReason))
            }
            return rows.affected
        }
    }

    /// What was cleared by a retry.
    public struct Retried: Sendable {
        /// Turns that had failed in a row.
        public let failures: Int
        /// Answers about activities, and own objects, that had failed and waited to be tried again.
        public let answers: Int
        public let objects: Int
    }

    /// Tries again now what failed: clears the athlete's back-off and that of each failed answer. Quarantined ones stay (`QuarantineDesk`).
    /// Nil: the athlete is not active, so that nothing can be tried.
    public func retry(_ athlete: AthleteID) async throws -> Retried? {
        let now = clock.now
        return try await database.transaction { connection in
            let known = try await connection.query("SELECT FROM sync.athlete WHERE athlete_id = \(athlete)")
            try require(athlete, found: known.count)
            let rows = try await connection.query(ScheduleTable.clearFailures(of: athlete, now: now))
            guard let failures = try rows.first?.decode(Int.self) else { return nil }
            let reset = try await connection.pipeline([
                CompletenessTable.retryFailed(of: athlete, now: now), AthleteObjectTable.retryFailed(of: athlete),
                "SELECT pg_notify('sync', '')",
            ])
            return Retried(failures: failures, answers: reset[0].affected, objects: reset[1].affected)
        }
    }

    /// Pauses one athlete, or all, until `until`; nil: until resumed. A turn in progress ends once its calls in flight have landed.
    ///
    /// - Parameter user: the account that asks for it, for people; nil: none.
    public func pause(_ athlete: AthleteID?, until: Date?, reason: String?, by user: String? = nil) async throws -> Int {
        let end = until ?? .distantFuture
        guard let athlete else { return try await pauseAll(until: end, reason: reason, by: user) }
        let rows = try await database.query(AthleteTable.pause(athlete, until: end, reason: reason, by: user, now: clock.now))
        try require(athlete, found: rows.affected)
        return rows.affected
    }

    /// Resumes one athlete, or all. Resuming all leaves athletes paused who were paused individually.
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

    private func pauseAll(until: Date, reason: String?, by user: String?) async throws -> Int {
        try await database.query(SettingTable.pauseAll(until: until, reason: reason, by: user, now: clock.now))
        return 1
    }

    private func poke() async throws { try await database.query("SELECT pg_notify('sync', '')") }

    private func require(_ athlete: AthleteID?, found: Int) throws {
        if let athlete, found == 0 {
            throw SyncError(.unknownAthlete, "athlete \(athlete) is not known: see fitnessctl athletes list")
        }
    }
}
