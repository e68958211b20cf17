import Core
import Synchronization

/// The faults to come. The first one that matches a request is used, up to its count.
public final class FaultScript: Sendable {
    private let faults = Mutex<[Fault]>([])

    public func append(_ fault: Fault) { faults.withLock { $0.append(fault) } }
    public func removeAll() { faults.withLock { $0.removeAll() } }
    /// Faults that can still hit.
    public var count: Int { faults.withLock { $0.count } }

    func take(method: String, path: String, athlete: AthleteID?) -> Fault.Response? {
        faults.withLock { faults in
            guard let index = faults.firstIndex(where: { $0.match.matches(method, path, athlete) }) else { return nil }
            let response = faults[index].response
            if case .count(let left) = faults[index].times {
                if left <= 1 { faults.remove(at: index) } else { faults[index].times = .count(left - 1) }
            }
            return response
        }
    }
}
