import Core
import Database
import Foundation

/// Whether a column is kept or set.
public enum FieldChange<Value: Sendable>: Sendable {
    case keep
    case set(Value)
}

extension FieldChange: Equatable where Value: Equatable {}

/// Changes of `sync.cursor`, committed together with the answers that justify them.
public struct CursorChange: Sendable, Equatable {
    /// The change of the newest known start, which never gets later than the writer's clock.
    public enum NewestStart: Sendable, Equatable {
        case keep
        /// Moves forward to this instant, never back.
        case raise(to: Date)
        /// Set explicitly, also to an earlier instant; nil: unknown.
        case reset(Date?)
    }

    /// Next page of the walk over the whole list; nil: no walk is under way.
    public var walkPage: FieldChange<Int?>
    /// The walk's page is counted among activities that started before this instant; nil: among all.
    public var walkBefore: FieldChange<Date?> = .keep
    /// Start of the oldest activity that the walk has reached without a gap.
    public var walkOldestAt: FieldChange<Date?> = .keep
    public var walkStartedAt: FieldChange<Date?>
    public var newestStartAt: NewestStart
    /// When a list pass last ended with an empty page.
    public var listedAt: FieldChange<Date?>
    /// When the last look that reached back further than the newest start was begun.
    public var lookedBackAt: FieldChange<Date?>
    /// When the walk over the whole list last ended with an empty page.
    public var historyCompleteAt: FieldChange<Date?>

    public init(
        walkPage: FieldChange<Int?> = .keep, walkStartedAt: FieldChange<Date?> = .keep, newestStartAt: NewestStart = .keep,
        listedAt: FieldChange<Date?> = .keep, lookedBackAt: FieldChange<Date?> = .keep,
        historyCompleteAt: FieldChange<Date?> = .keep
    ) {
        self.walkPage = walkPage
        self.walkStartedAt = walkStartedAt
        self.newestStartAt = newestStartAt
        self.listedAt = listedAt
        self.lookedBackAt = lookedBackAt
        self.historyCompleteAt = historyCompleteAt
    }
}

/// The statements that write `sync.cursor`.
package enum CursorTable {
    package static func add(_ athlete: AthleteID) -> SQL {
        "INSERT INTO sync.cursor (athlete_id) VALUES (\(athlete)) ON CONFLICT DO NOTHING"
    }

    /// The newest start never gets later than `now`: Strava answers 400 to an `after` in the future.
    package static func move(_ cursor: CursorChange, of athlete: AthleteID, now: Date) -> SQL {
        let newest = NewestStartColumn(cursor.newestStartAt, now: now)
        let walkPage = cursor.walkPage.column().map(Int32.init(clamping:))
        return """
            INSERT INTO sync.cursor AS c
                (athlete_id, walk_page, walk_before, walk_oldest_at, walk_started_at, newest_start_at, listed_at, looked_back_at,
                 history_complete_at, first_complete_at)
            VALUES (\(athlete), \(walkPage as Int32?), \(cursor.walkBefore.column() as Date?), \(cursor.walkOldestAt.column() as Date?),
                    \(cursor.walkStartedAt.column() as Date?), \(newest.value as Date?), \(cursor.listedAt.column() as Date?), \(cursor.lookedBackAt.column() as Date?),
                    \(cursor.historyCompleteAt.column() as Date?), \(cursor.historyCompleteAt.column() as Date?))
            ON CONFLICT (athlete_id) DO UPDATE SET
                walk_page = CASE WHEN \(cursor.walkPage.isSet) THEN excluded.walk_page ELSE c.walk_page END,
                walk_before = CASE WHEN \(cursor.walkBefore.isSet) THEN excluded.walk_before ELSE c.walk_before END,
                walk_oldest_at = CASE WHEN \(cursor.walkOldestAt.isSet) THEN excluded.walk_oldest_at ELSE c.walk_oldest_at END,
                walk_started_at = CASE WHEN \(cursor.walkStartedAt.isSet) THEN excluded.walk_started_at ELSE c.walk_started_at END,
                newest_start_at = CASE WHEN \(newest.isReset) THEN excluded.newest_start_at
                                       ELSE greatest(c.newest_start_at, excluded.newest_start_at) END,
                listed_at = CASE WHEN \(cursor.listedAt.isSet) THEN excluded.listed_at ELSE c.listed_at END,
                looked_back_at = CASE WHEN \(cursor.lookedBackAt.isSet) THEN excluded.looked_back_at ELSE c.looked_back_at END,
                history_complete_at = CASE WHEN \(cursor.historyCompleteAt.isSet) THEN excluded.history_complete_at
                                           ELSE c.history_complete_at END,
                first_complete_at = coalesce(c.first_complete_at, excluded.first_complete_at)
            """
    }
}

extension FieldChange {
    fileprivate var isSet: Bool { if case .set = self { true } else { false } }

    /// The column's new value; nil when it becomes NULL or is kept.
    fileprivate func column<Wrapped>() -> Wrapped? where Value == Wrapped? { if case .set(let value) = self { value } else { nil } }
}

/// The change of the newest start as columns of the statement.
private struct NewestStartColumn {
    let value: Date?
    let isReset: Bool

    init(_ change: CursorChange.NewestStart, now: Date) {
        switch change {
        case .keep: (value, isReset) = (nil, false)
        case .raise(let date): (value, isReset) = (min(date, now), false)
        case .reset(let date): (value, isReset) = (date.map { min($0, now) }, true)
        }
    }
}
