import ControlAPI
import Foundation

/// Goes on with what a restart of the daemon cuts off. It says so once, asks again each second, and gives up when the daemon stays away.
struct Reconnection {
    /// A restart takes seconds; the recovery of a private database, or an upgrade, may take minutes.
    private static let patienceDefault = Duration.seconds(600)
    private static let interval = Duration.seconds(1)

    private let patience: Duration
    private var lostAt: ContinuousClock.Instant?

    /// - Parameter patience: how long the daemon may be away; nil: ten minutes.
    init(patience: Duration? = nil) { self.patience = patience ?? Self.patienceDefault }

    /// The daemon has answered.
    mutating func answered() { lostAt = nil }

    /// What the daemon answers, once it does.
    ///
    /// - Parameter onLoss: called before it is said that the daemon has gone.
    mutating func bytes(_ client: ControlClient, _ target: ControlTarget, onLoss: () -> Void) async throws -> [UInt8] {
        while true {
            do {
                let bytes = try await client.bytes(target)
                answered()
                return bytes
            } catch {
                onLoss()
                try await wait(after: error)
            }
        }
    }

    /// Waits before the next try.
    ///
    /// - Throws: the error, if another try would not help or the daemon was away for too long.
    mutating func wait(after error: any Error) async throws {
        guard let failure = error as? ControlClientError, Self.isPassing(failure) else { throw error }
        if lostAt == nil { Terminal.printError("fitnessctl: \(PlainText.of(failure.description)); connecting again") }
        let since = lostAt ?? .now
        guard ContinuousClock.now - since < patience else { throw error }
        lostAt = since
        try await Task.sleep(for: Self.interval)
    }

    /// While it starts, the daemon can't be reached, or can't reach its database yet.
    private static func isPassing(_ error: ControlClientError) -> Bool {
        [.notReachable, .broken, .timeout].contains(error.code) || error.refusal == ControlErrorCode.unavailable.rawValue
    }

    /// A stream of the daemon's that ended without its last message.
    static let cutOff = ControlClientError(.broken, "fitnessd stopped before the end")
}
