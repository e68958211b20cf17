import Foundation
import SyncStore

/// A pass over the list: a walk over all of it, newest first, or a look for new activities. A value names its next page.
public struct ListPass: Sendable, Equatable {
    public enum Kind: String, Sendable { case walk, incremental }
    public let kind: Kind
    /// From 1.
    public var page: Int
    /// Only activities that started after this instant; nil for the walk.
    public let after: Date?
    /// Only activities that started before this instant; nil: all.
    public let before: Date?
    /// When this look began, if it reaches back behind the newest start; nil: it does not, or it is a walk.
    public let lookBackBegunAt: Date?

    /// Whether this page continues a full one by start: it then begins with activities of the page before.
    let followsFullPage: Bool

    /// Whether it is the pass's first page.
    var isFirst: Bool { page == 1 && !followsFullPage }

    public init(
        kind: Kind, page: Int, after: Date?, before: Date? = nil, lookBackBegunAt: Date? = nil, isContinued: Bool = false
    ) {
        self.before = before
        self.kind = kind
        self.page = page
        self.after = after
        self.lookBackBegunAt = lookBackBegunAt
        // Only a walk that continues by start has an upper bound.
        self.followsFullPage = page == 1 && (isContinued || kind == .walk && before != nil)
    }

    /// A look's next page. After a full page it continues by start with a day's overlap, as a walk does (see `WalkPosition`), if the page shows
    /// how the list is sorted.
    /// - Parameters:
    ///   - starts: of the page's activities, in Strava's order: the oldest first with `after` alone, else the newest (docs/strava-api.md 3.2).
    ///   - isFull: whether it held as many elements as were asked for.
    package func next(starts: [Date], isFull: Bool, now: Date) -> ListPass {
        let byPlace = ListPass(kind: kind, page: page + 1, after: after, before: before, lookBackBegunAt: lookBackBegunAt)
        guard isFull, let first = starts.first, let last = starts.last, first != last else { return byPlace }
        var (after, before) = (after, before)
        if zip(starts, starts.dropFirst()).allSatisfy(<=) {
            // Strava refuses an `after` in the future, and a recording device's clock may be years ahead.
            let bound = min(last.addingTimeInterval(-WalkPosition.overlap_s), now.addingTimeInterval(-SyncPlan.clockError_s))
            if bound <= after ?? .distantPast { return byPlace }
            after = bound
        } else if zip(starts, starts.dropFirst()).allSatisfy(>=) {
            let bound = last.addingTimeInterval(WalkPosition.overlap_s)
            if bound >= before ?? .distantFuture { return byPlace }
            before = bound
        } else {
            return byPlace
        }
        return ListPass(kind: kind, page: 1, after: after, before: before, lookBackBegunAt: lookBackBegunAt, isContinued: true)
    }
}

/// How far a walk over the whole list has come, and where its next page begins. Pure.
///
/// Pages are counted by place, so a deletion while a list is walked moves what follows it onto pages that were read already
/// (docs/strava-api.md 3.2). After a full page the walk therefore goes on by start: it asks for what started before the oldest start that it has
/// reached, and a day more, since what Strava sorts by may be hidden behind the day's first second. A page so asked for begins with what
/// the one before ended with, and nothing can fall between them. Only an empty page ends the walk: after a short one the next place is
/// asked for.
public struct WalkPosition: Sendable, Equatable {
    /// From 1, among what started before `before`.
    public private(set) var page: Int
    /// Nil: the whole list.
    public private(set) var before: Date?
    /// Start of the oldest activity that was reached without a gap.
    public private(set) var oldestAt: Date?

    /// How far two pages overlap, in seconds.
    static let overlap_s: Double = 86_400

    public init(page: Int = 1, before: Date? = nil, oldestAt: Date? = nil) {
        self.page = page
        self.before = before
        self.oldestAt = oldestAt
    }

    /// Moves past a page that was not empty.
    /// - Parameters:
    ///   - starts: of its activities, in Strava's order.
    ///   - isFull: whether it held as many elements as were asked for.
    public mutating func pass(starts: [Date], isFull: Bool) {
        let oldest = (starts + [oldestAt].compactMap(\.self)).min()
        // Strava documents no order: the walk continues by start only where the newest comes first.
        let isNewestFirst = (starts.first ?? .distantPast) >= (starts.last ?? .distantFuture)
        let isJoined = page == 1 && isNewestFirst
        if isJoined { oldestAt = oldest }
        let bound = oldestAt?.addingTimeInterval(Self.overlap_s)
        // A page after a short one was reached by position: the gap between them is read again by start.
        if isJoined ? isFull : isNewestFirst, let bound, bound < before ?? .distantFuture {
            (page, before) = (1, bound)
        } else {
            // More activities in a day than fit on a page, a short page, or another order: the next position.
            if !isJoined { oldestAt = oldest }
            page += 1
        }
    }
}

extension CursorChange {
    /// Restarts the walk. A page that continues by start overlaps the page before, so an empty one is not the end of the list: the list has
    /// changed, or the answer is wrong.
    static var walkFromTheTop: CursorChange {
        var change = CursorChange(walkPage: .set(1))
        (change.walkBefore, change.walkOldestAt) = (.set(nil), .set(nil))
        return change
    }

    init(_ position: WalkPosition, walkStartedAt: FieldChange<Date?>) {
        self.init(walkPage: .set(position.page), walkStartedAt: walkStartedAt)
        (walkBefore, walkOldestAt) = (.set(position.before), .set(position.oldestAt))
    }
}
