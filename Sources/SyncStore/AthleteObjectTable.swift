import Core
import Database
import Foundation

/// Something of the athlete's own that belongs to no single activity and is fetched by itself (`sync.athlete_object`).
public struct AthleteObject: Sendable, Hashable {
    public enum Kind: String, CaseIterable, Sendable {
        case profile
        case zones = "athlete_zones"
        case stats = "athlete_stats"
        case gear
    }

    public let kind: Kind
    /// Strava's id of the gear; empty for the others.
    public let name: String

    public static let profile = AthleteObject(kind: .profile, name: "")
    public static let zones = AthleteObject(kind: .zones, name: "")
    public static let stats = AthleteObject(kind: .stats, name: "")

    /// Those that every athlete has, whatever the lists name.
    public static let always = [profile, zones, stats]

    /// A bike (b and a number) or a pair of shoes (g and a number); nil for anything else.
    public static func gear(_ id: String) -> AthleteObject? {
        gearNumber(id) == nil ? nil : AthleteObject(kind: .gear, name: id)
    }

    init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    /// As the ledger stores it; nil: this version does not know such an object.
    public init?(endpoint: String, object: String) {
        guard let kind = Kind(rawValue: endpoint), kind != .gear || Self.gearNumber(object) != nil else { return nil }
        self.init(kind: kind, name: object)
    }

    /// Its number in bronze: Strava numbers bikes and shoes separately, so shoes get the negative number.
    public func answerID(_ athlete: AthleteID) -> Int64 {
        kind == .gear ? Self.gearNumber(name) ?? 0 : athlete.rawValue
    }

    private static func gearNumber(_ id: String) -> Int64? {
        let digits = id.utf8.dropFirst()
        guard (1...18).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(id.dropFirst()) else {
            return nil
        }
        switch id.utf8.first {
        case UInt8(ascii: "b"): return number
        case UInt8(ascii: "g"): return -number
        default: return nil
        }
    }
}

/// A new state of one of the athlete's own objects.
public struct ObjectChange: Sendable {
    public let object: AthleteObject
    public let state: CompletenessState
    public let reason: String?
    public let nextTryAt: Date?

    public init(_ object: AthleteObject, _ state: CompletenessState, reason: String? = nil, nextTryAt: Date? = nil) {
        self.object = object
        self.state = state
        self.reason = reason
        self.nextTryAt = nextTryAt
    }
}

/// A list named an activity with this gear. Gear that the ledger does not know gets its row, pending.
public struct GearUse: Sendable {
    public let gear: AthleteObject
    /// Start of the activity.
    public let startAt: Date

    public init(gear: AthleteObject, startAt: Date) {
        self.gear = gear
        self.startAt = startAt
    }
}

/// The statements that write `sync.athlete_object`.
package enum AthleteObjectTable {
    /// What a landing changes.
    package static func change(_ changes: [(AthleteID, ObjectChange)], uses: [(AthleteID, GearUse)], now: Date) -> [SQL] {
        let objects = changes.map { ($0, $1.object) } + uses.map { ($0, $1.gear) }
        return (uses.isEmpty || changes.isEmpty ? [] : [RowLock.objects(objects)]) + (uses.isEmpty ? [] : [noteUses(uses)])
            + (changes.isEmpty ? [] : [change(changes, now: now)])
    }

    /// Writes nothing if nothing is new: each list names the same gear again.
    private static func noteUses(_ uses: [(AthleteID, GearUse)]) -> SQL {
        """
        INSERT INTO sync.athlete_object AS t (athlete_id, endpoint, object, used_at)
        SELECT athlete_id, 'gear', object, used_at
        FROM unnest(\(uses.map(\.0)), \(uses.map(\.1.gear.name)), \(uses.map(\.1.startAt))) AS w(athlete_id, object, used_at)
        ORDER BY athlete_id, object
        ON CONFLICT (athlete_id, endpoint, object) DO UPDATE SET used_at = excluded.used_at
        WHERE t.used_at IS NULL OR t.used_at < excluded.used_at
        """
    }

    private static func change(_ all: [(AthleteID, ObjectChange)], now: Date) -> SQL {
        let changes = all.map(\.1)
        return """
            INSERT INTO sync.athlete_object AS t (athlete_id, endpoint, object, state, reason, attempts, next_try_at, checked_at)
            SELECT athlete_id, endpoint, object, state, reason, CASE WHEN state = 'failed' THEN 1 ELSE 0 END, next_try_at, \(now)
            FROM unnest(\(all.map(\.0)), \(changes.map(\.object.kind.rawValue)), \(changes.map(\.object.name)),
                        \(changes.map(\.state.rawValue)), \(SQLArray(changes.map(\.reason))), \(SQLArray(changes.map(\.nextTryAt))))
                AS w(athlete_id, endpoint, object, state, reason, next_try_at)
            ORDER BY athlete_id, endpoint, object
            ON CONFLICT (athlete_id, endpoint, object) DO UPDATE SET
                state = excluded.state, reason = excluded.reason, next_try_at = excluded.next_try_at, checked_at = excluded.checked_at,
                attempts = CASE WHEN excluded.state = 'failed' THEN t.attempts + 1 ELSE 0 END
            """
    }

    /// After a new grant: sets to pending what the old one could not see, and the profile, which says whose the new grant is.
    package static func reopenNoScope(of athlete: AthleteID) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.athlete_object o
            WHERE o.athlete_id = \(athlete) AND (o.state = 'no_scope' OR o.endpoint = 'profile') \(raw: lockInOrder))
        UPDATE sync.athlete_object o SET state = 'pending', reason = NULL, next_try_at = NULL FROM found WHERE \(raw: isFound)
        """
    }

    /// Sets to pending, with attempts reset, what is quarantined or failed, and the profile in any state.
    /// - Parameter objects: by kind and number in bronze (`AthleteObject.answerID`).
    package static func retry(
        _ objects: [(kind: AthleteObject.Kind, answerID: Int64)], profile isProfileWanted: Bool, of athlete: AthleteID
    ) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.athlete_object o
            WHERE o.athlete_id = \(athlete) AND (\(isProfileWanted) AND o.endpoint = 'profile' OR o.state IN ('quarantined', 'failed')
              AND EXISTS (
                SELECT FROM unnest(\(objects.map(\.kind.rawValue)), \(objects.map(\.answerID))) AS w(endpoint, answer_id)
                WHERE o.endpoint = w.endpoint AND \(raw: isNamed)))
            \(raw: lockInOrder))
        UPDATE sync.athlete_object o SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Sets to pending, with attempts reset, whatever of the athlete's is failed and waits to be tried again.
    package static func retryFailed(of athlete: AthleteID) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key) FROM sync.athlete_object o WHERE o.athlete_id = \(athlete) AND o.state = 'failed' \(raw: lockInOrder))
        UPDATE sync.athlete_object o SET state = 'pending', reason = NULL, attempts = 0, next_try_at = NULL
        FROM found WHERE \(raw: isFound)
        """
    }

    /// After retention has removed these answers: sets profile, zones and stats to pending; gear follows when it is used.
    /// - Parameter answerID: as `AthleteObject.answerID`.
    package static func expire(_ objects: [(athlete: AthleteID, kind: AthleteObject.Kind, answerID: Int64)], reason: String) -> SQL {
        """
        WITH found AS (
            SELECT \(raw: key)
            FROM unnest(\(objects.map(\.athlete)), \(objects.map(\.kind.rawValue)), \(objects.map(\.answerID)))
                AS w(athlete_id, endpoint, answer_id)
            JOIN sync.athlete_object o USING (athlete_id, endpoint)
            WHERE o.state = 'landed' AND \(raw: isNamed) \(raw: lockInOrder))
        UPDATE sync.athlete_object o
        SET state = CASE WHEN o.endpoint = 'gear' THEN 'expired' ELSE 'pending' END, reason = \(reason), next_try_at = NULL
        FROM found WHERE \(raw: isFound)
        """
    }

    /// Whether row `w` is an answer for the object of row `o`, which has the same kind.
    private static let isNamed =
        "(o.endpoint <> 'gear' OR o.object = CASE WHEN w.answer_id < 0 THEN 'g' || -w.answer_id ELSE 'b' || w.answer_id END)"
    private static let key = "o.athlete_id, o.endpoint, o.object"
    static let lockInOrder = "ORDER BY o.athlete_id, o.endpoint, o.object FOR NO KEY UPDATE OF o"
    private static let isFound = "o.athlete_id = found.athlete_id AND o.endpoint = found.endpoint AND o.object = found.object"
}
