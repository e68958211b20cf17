import Core
import Foundation
import Synchronization

/// Why silver stands still: something that every piece of work would meet.
public struct SilverIncident: Sendable, Equatable {
    public let reason: String
    public let since: Date
    /// Tries that met it.
    public let failures: Int
}

/// Whether the makers of silver get on. An incident opens with the first failure that is not about a row, and closes by itself with the first
/// success; tries in between are spaced out.
public final class SilverHealth: Sendable {
    enum Part: CaseIterable, Sendable { case run, rebuild }

    /// Waits between tries while an incident is open.
    static let firstWait: Duration = .seconds(2)
    static let longestWait: Duration = .seconds(60)

    private let incidents = Mutex<[Part: SilverIncident]>([:])

    public init() {}

    /// The one that has been open for longest; nil: all goes well.
    public var incident: SilverIncident? { incidents.withLock { $0.values.min { $0.since < $1.since } } }

    /// True: a new incident, which is worth a line in the log. False: the one that is open already.
    func failed(_ part: Part, reason: String, now: Date) -> Bool {
        incidents.withLock { incidents in
            let open = incidents[part]
            incidents[part] = SilverIncident(reason: reason, since: open?.since ?? now, failures: (open?.failures ?? 0) + 1)
            return open == nil
        }
    }

    /// The incident that ended with this success; nil: there was none.
    func succeeded(_ part: Part) -> SilverIncident? { incidents.withLock { $0.removeValue(forKey: part) } }

    /// How long to wait before the next try; nil: no need to.
    func wait(_ part: Part) -> Duration? {
        guard let incident = incidents.withLock({ $0[part] }) else { return nil }
        return min(Self.longestWait, Self.firstWait * (1 << min(incident.failures - 1, 10)))
    }
}
