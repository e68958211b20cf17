import Core
import Database
import Foundation

/// The events of one athlete that no turn has handled yet. They are identified by number, so neither the writer's clock nor the time that
/// storing them took matters.
public struct OpenEvents: Sendable, Equatable {
    /// When the latest was received; nil: there are none.
    public var receivedAt: Date?
    /// When the latest event was received about an activity that no list has named; the whole list is searched for it.
    public var unlistedAt: Date?
    /// The numbers of all of them.
    var ids: [Int64] = []
    /// Those received after the last look at the list had begun.
    var unlookedIDs: [Int64] = []

    public init(receivedAt: Date? = nil, unlistedAt: Date? = nil) {
        self.receivedAt = receivedAt
        self.unlistedAt = unlistedAt
    }

    /// The most events that one turn reads; the next turn reads the rest.
    private static let countMax = 1_000

    static func query(_ athlete: AthleteID) -> SQL {
        """
        SELECT e.event_id, e.received_at, e.looked_at IS NULL,
               e.object_type = 'activity' AND e.aspect_type <> 'delete' AND a.activity_id IS NULL
        FROM sync.event e LEFT JOIN sync.activity a
            ON a.athlete_id = e.athlete_id AND a.activity_id = e.object_id AND a.gone_at IS NULL
        WHERE e.athlete_id = \(athlete) AND e.handled_at IS NULL ORDER BY e.event_id LIMIT \(countMax)
        """
    }

    /// - Parameter rows: the result of `query`.
    init(_ rows: Rows) throws {
        for row in rows {
            let (id, receivedAt, isUnlooked, isUnlisted) = try row.decode(Int64.self, Date.self, Bool.self, Bool.self)
            ids.append(id)
            if isUnlooked { unlookedIDs.append(id) }
            self.receivedAt = max(self.receivedAt ?? receivedAt, receivedAt)
            if isUnlisted { unlistedAt = max(unlistedAt ?? receivedAt, receivedAt) }
        }
    }
}
