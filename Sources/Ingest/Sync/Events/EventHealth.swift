import Database
import Foundation

/// Whether Strava's events can be relied on: compares the activities that lists brought in the last day with those that events announced. Pure.
public struct EventHealth: Sendable, Equatable {
    public enum State: String, Sendable {
        /// No event ever came: there is no subscription.
        case none
        case healthy
        /// Too many activities were found that no event had announced.
        case silent
    }

    /// New activities of the last day, as lists found them.
    public var found: Int
    /// How many of them an event had announced.
    public var announced: Int
    public var lastEventAt: Date?

    /// The period compared, in seconds; and the least age of an activity in it, since its event may still be on its way (three attempts).
    static let span_s: Double = 86_400
    static let patience_s: Double = 300
    /// So few unannounced activities prove nothing: an athlete without a scope for events, one lost event in a thousand.
    private static let missedMin = 3
    private static let announcedShareMin = 0.8

    public init(found: Int, announced: Int, lastEventAt: Date?) {
        self.found = found
        self.announced = announced
        self.lastEventAt = lastEventAt
    }

    public var state: State {
        if lastEventAt == nil { return .none }
        let isSilent = found - announced >= Self.missedMin && Double(announced) < Double(found) * Self.announcedShareMin
        return isSilent ? .silent : .healthy
    }

    /// Counts found and announced activities. The cost grows with a day's new activities.
    public static func read(_ database: Database, now: Date) async throws -> EventHealth {
        let rows = try await database.query(
            """
            SELECT count(*), count(e.object_id), (SELECT max(received_at) FROM sync.event)
            FROM sync.activity a JOIN sync.cursor c USING (athlete_id)
            LEFT JOIN LATERAL (
                SELECT object_id FROM sync.event
                WHERE athlete_id = a.athlete_id AND object_type = 'activity' AND object_id = a.activity_id AND aspect_type = 'create'
                LIMIT 1) e ON true
            WHERE a.first_listed_at > \(now.addingTimeInterval(-span_s)) AND a.first_listed_at <= \(now.addingTimeInterval(-patience_s))
              AND a.first_listed_at > c.first_complete_at
            """)
        let (found, announced, last) = try rows[0].decode(Int.self, Int.self, Date?.self)
        return EventHealth(found: found, announced: announced, lastEventAt: last)
    }
}
