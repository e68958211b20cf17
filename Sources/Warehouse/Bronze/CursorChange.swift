import Foundation

/// Whether a column is left as it is or gets a value.
public enum FieldChange<Value: Sendable>: Sendable {
    case keep
    case set(Value)
}

extension FieldChange: Equatable where Value: Equatable {}

/// Changes of `sync.cursor` that commit together with what they stand for.
public struct CursorChange: Sendable, Equatable {
    /// What happens to the newest start seen. In either case it never gets later than the writer's clock.
    public enum NewestStart: Sendable, Equatable {
        case keep
        /// Moves forward to this instant, never back.
        case raise(to: Date)
        /// Set on purpose, back too; nil forgets it.
        case reset(Date?)
    }

    /// Next page of the walk over the whole list; nil: no walk is under way.
    public var walkPage: FieldChange<Int?>
    /// The walk's page counts among what started before this instant; nil: among all.
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
