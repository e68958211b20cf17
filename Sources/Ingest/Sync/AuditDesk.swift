import Core
import Database
import Foundation
import SyncStore

/// A request for a change, as it is recorded.
public struct AuditEntry: Sendable {
    /// Whom a request is about, as it says it.
    public enum Subject: Sendable {
        case athlete(AthleteID)
        /// The athlete who has this uid.
        case uid(UID)
        /// The athlete of the API token of this number.
        case token(Int64)
    }

    fileprivate let row: AuditRow

    /// - Parameters:
    ///   - user: number and name of the account that asks; a name of nil: it has none.
    ///   - action: the control API's name of the request.
    ///   - subject: nil: about no single athlete.
    ///   - parameters: a JSON object that can't name a person; it is kept when the athlete is erased.
    ///   - athleteParameters: a JSON object that goes with the athlete.
    public init(
        user: (id: UInt32, name: String?), action: String, subject: Subject?, parameters: String, athleteParameters: String
    ) {
        var row = AuditRow(
            userID: user.id, userName: user.name, action: action, parameters: JSONText(parameters),
            athleteParameters: JSONText(athleteParameters))
        switch subject {
        case .athlete(let athlete): row.athlete = athlete
        case .uid(let uid): row.uid = uid
        case .token(let id): row.token = id
        case nil: break
        }
        self.row = row
    }
}

/// The record of who asked for which change over the control socket, and what became of it. It is written before a change is made, so that no
/// change goes unrecorded, and completed afterwards.
public struct AuditDesk: Sendable {
    /// How long a request is remembered, in seconds, and how many are at most, so that nobody can fill the disk by asking.
    static let kept_s: Double = 400 * 86_400
    static let countMax: Int64 = 100_000

    /// A recorded request.
    public struct Record: Sendable {
        public let id: Int64
        public let askedAt: Date
        public let userID: Int64
        public let userName: String?
        public let action: String
        /// Nil: about no single athlete, about one who was not known, or about one who has been erased since.
        public let athlete: AthleteID?
        /// A JSON object.
        public let parameters: String
        public let outcome: String
        public let refusal: String?
        public let endedAt: Date?

        fileprivate init(_ row: Row) throws {
            (id, askedAt, userID, userName, action, athlete, parameters, outcome, refusal, endedAt) = try row.decode(
                Int64.self, Date.self, Int64.self, String?.self, String.self, AthleteID?.self, String.self, String.self, String?.self,
                Date?.self)
        }
    }

    private let database: Database
    private let clock: WallClock

    public init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    /// Records a request that is about to be carried out, or to be refused, and returns its number.
    /// - Throws: `DatabaseError`: the request must not be carried out then.
    public func begin(_ entry: AuditEntry) async throws -> Int64 {
        try await database.query(AuditTable.begin(entry.row, now: clock.now))[0].decode(Int64.self)
    }

    /// - Parameters:
    ///   - refusal: the error code; nil: the request was carried out.
    ///   - isOurs: the daemon could not do it, rather than that the client made a mistake or lacks a right.
    public func end(_ id: Int64, refusal: String?, isOurs: Bool) async throws {
        let outcome: AuditOutcome = refusal == nil ? .done : isOurs ? .failed : .refused
        try await database.query(AuditTable.end(id, outcome, refusal: refusal, now: clock.now))
    }

    /// The newest requests first.
    ///
    /// - Parameters:
    ///   - athlete: only those about this athlete; nil: all.
    ///   - since: only those not older than this; nil: all.
    ///   - before: only those with a lower number; nil: from the newest on.
    /// - Throws: `DatabaseError`.
    public func records(athlete: AthleteID?, since: Date?, before: Int64?, limit: Int) async throws -> [Record] {
        try await database.query(
            """
            SELECT a.audit_id, a.asked_at, a.user_id, a.user_name, a.action, n.athlete_id,
                (a.parameters || coalesce(n.parameters, '{}'))::text, a.outcome, a.refusal, a.ended_at
            FROM sync.audit a LEFT JOIN sync.audit_athlete n USING (audit_id)
            WHERE a.audit_id < \(before ?? Int64.max) AND (\(since)::timestamptz IS NULL OR a.asked_at >= \(since))
              AND (\(athlete)::bigint IS NULL OR n.athlete_id = \(athlete))
            ORDER BY a.audit_id DESC LIMIT \(limit)
            """
        ).map(Record.init)
    }

    /// Removes what is older than it has to be kept.
    func prune() async throws {
        for statement in AuditTable.prune(askedBefore: clock.now.addingTimeInterval(-Self.kept_s), countMax: Self.countMax) {
            try await database.query(statement)
        }
    }
}
