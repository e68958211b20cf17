import Core
import Foundation

/// Something that happened, for people who watch: an event of Strava's, the end of a turn, or a request for a change. Each is a row of a table
/// that is there anyway, and leaves with it.
public struct Happening: Sendable {
    /// Where it is recorded.
    public enum Source: Int, CaseIterable, Sendable {
        /// `sync.event`, `sync.run` and `sync.audit`.
        case event, run, request
    }

    public enum Content: Sendable {
        /// An event of Strava's: `activity` or `athlete`, its number, and `create`, `update` or `delete`.
        case event(objectType: String, objectID: Int64, aspect: String)
        /// The end of a turn, with its calls, the answers that landed, its outcome and its error.
        case run(calls: Int, landed: Int, duration_s: Double, outcome: String, error: String?)
        /// A request for a change, with the account that asked.
        case request(user: String, action: String, outcome: String, refusal: String?)
    }

    public let at: Date
    /// Nil: about no single athlete.
    public let athlete: AthleteID?
    public let content: Content
    /// Its number in its table.
    let number: Int64

    var source: Source {
        switch content {
        case .event: .event
        case .run: .run
        case .request: .request
        }
    }
}

/// A mark in the stream of happenings: the number of the last one of each table that was seen. Written as `12-340-5`.
public struct HappeningMark: Sendable, Equatable, CustomStringConvertible {
    private var numbers: [Int64]

    public init() { numbers = Happening.Source.allCases.map { _ in 0 } }

    /// Nil: not the text of a mark.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == Happening.Source.allCases.count,
            parts.allSatisfy({ (1...19).contains($0.count) && $0.allSatisfy(\.isASCIIDigit) })
        else { return nil }
        numbers = parts.compactMap { Int64($0) }
        guard numbers.count == parts.count else { return nil }
    }

    subscript(source: Happening.Source) -> Int64 {
        get { numbers[source.rawValue] }
        set { numbers[source.rawValue] = newValue }
    }

    public var description: String { numbers.map { String($0) }.joined(separator: "-") }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

/// Knows up to which number the rows of a table are complete. Pure.
///
/// Numbers are given out before rows are committed, so a lower number may appear after a higher one. Whoever has drawn a number holds a lock on
/// the table until the row can be seen. So once all those transactions have ended that held such a lock when the highest number was read, no row
/// up to this number will appear any more.
struct SettledNumbers: Sendable {
    private(set) var settled: Int64 = 0
    private var highest: Int64 = 0
    private var awaited: Set<String> = []

    /// - Parameters:
    ///   - drawn: the highest number given out, read before `writers`.
    ///   - writers: the transactions that hold a lock to write the table, by their virtual number.
    mutating func observed(drawn: Int64, writers: Set<String>) {
        awaited.formIntersection(writers)
        if awaited.isEmpty { settled = max(settled, highest) }
        if highest == settled {
            (highest, awaited) = (drawn, writers)
            if awaited.isEmpty { settled = max(settled, highest) }
        }
    }

    /// Whether there are numbers whose rows may still be about to appear.
    var isWaiting: Bool { highest > settled }
}
