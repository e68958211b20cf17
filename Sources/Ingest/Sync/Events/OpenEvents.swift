import Core
import Database
import Foundation

/// The events of one athlete that no turn has looked after yet.
public struct OpenEvents: Sendable, Equatable {
    /// When the latest came; nil: there are none.
    public var receivedAt: Date?
    /// When the latest came about an activity that no list has named: it is looked for in the whole list.
    public var unlistedAt: Date?

    public init(receivedAt: Date? = nil, unlistedAt: Date? = nil) {
        self.receivedAt = receivedAt
        self.unlistedAt = unlistedAt
    }

    static func read(of athlete: AthleteID, _ connection: Connection) async throws -> OpenEvents {
        let rows = try await connection.query(
            """
            SELECT max(e.received_at),
                   max(e.received_at) FILTER (WHERE e.object_type = 'activity' AND e.aspect_type <> 'delete' AND a.activity_id IS NULL)
            FROM sync.event e LEFT JOIN sync.activity a
                ON a.athlete_id = e.athlete_id AND a.activity_id = e.object_id AND a.gone_at IS NULL
            WHERE e.athlete_id = \(athlete) AND e.handled_at IS NULL
            """)
        let (received, unlisted) = try rows[0].decode(Date?.self, Date?.self)
        return OpenEvents(receivedAt: received, unlistedAt: unlisted)
    }
}
