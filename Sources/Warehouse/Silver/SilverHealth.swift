import Core
import Database
import Foundation
import Synchronization

/// Why silver has stopped: a fault that all work meets.
public struct SilverIncident: Sendable, Equatable {
    public let reason: String
    public let since: Date
    /// Attempts that met it.
    public let failures: Int
}

/// Whether the runner and the rebuilder make progress. An incident opens with the first failure that is not about a row, and closes by itself
/// with the first success; attempts in between are spaced out.
public final class SilverHealth: Sendable {
    enum Maker: Sendable { case runner, rebuilder }

    /// Waits between attempts while an incident is open.
    private static let firstWait: Duration = .seconds(2)
    static let longestWait: Duration = .seconds(60)

    private let incidents = Mutex<[Maker: SilverIncident]>([:])

    public init() {}

    /// The incident that has been open for longest; nil when there is none.
    public var incident: SilverIncident? { incidents.withLock { $0.values.min { $0.since < $1.since } } }

    /// Whether this opens an incident, which is worth a line in the log; false when one is open already.
    func failed(_ part: Maker, reason: String, now: Date) -> Bool {
        incidents.withLock { incidents in
            let open = incidents[part]
            incidents[part] = SilverIncident(reason: reason, since: open?.since ?? now, failures: (open?.failures ?? 0) + 1)
            return open == nil
        }
    }

    /// The incident that ends with this success; nil when none is open.
    func succeeded(_ part: Maker) -> SilverIncident? { incidents.withLock { $0.removeValue(forKey: part) } }

    /// How long to wait before the next attempt; nil when no incident is open.
    func wait(_ part: Maker) -> Duration? {
        guard let incident = incidents.withLock({ $0[part] }) else { return nil }
        return min(Self.longestWait, Self.firstWait * (1 << min(incident.failures - 1, 10)))
    }
}

/// Whether a failure of the transform is about its work. Pure.
enum SilverFault {
    /// The row's own values: it will always fail, others need not.
    case row
    /// Perhaps this row, perhaps everything: a missing privilege, a wrong deployment, a lost worker. A probe tells.
    case unclear
    /// The connection, the disk, a deadlock, a stop: not about the work; try again.
    case passing

    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = error is WarehouseError ? .row : .passing
            return
        }
        switch error.code {
        case .constraint, .decoding: self = .row
        case .statement: self = error.sqlState?.hasPrefix("22") == true ? .row : .unclear
        default: self = .passing
        }
    }
}

/// A fault that all work meets: the runner stops until it is fixed.
struct SilverStopped: Error, CustomStringConvertible {
    let underlying: any Error

    var description: String { "\(underlying)" }
}
