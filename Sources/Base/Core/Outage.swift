import Logging
import Synchronization

/// Trouble that lasts is said once when it begins and once when it is over, however often it is met.
public final class Outage: Sendable {
    private let begun: String
    private let over: String
    private let level: Logger.Level
    private let isOn = Atomic<Bool>(false)

    public init(_ begun: String, over: String, level: Logger.Level = .error) {
        self.begun = begun
        self.over = over
        self.level = level
    }

    public func met(_ error: any Error, _ logger: Logger) {
        if !isOn.exchange(true, ordering: .relaxed) { logger.log(level, "\(begun)", [.error: "\(error)"]) }
    }

    public func isOver(_ logger: Logger) {
        if isOn.exchange(false, ordering: .relaxed) { logger.log(level: .notice, "\(over)") }
    }
}
