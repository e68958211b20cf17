import Core
import Foundation
import Logging

/// Holds one connection that listens on a channel, and makes it again when it breaks.
struct NotificationListener: Sendable {
    let channel: String
    let conninfo: String
    let applicationName: String
    let continuation: AsyncStream<String>.Continuation
    let logger: Logger

    /// How long one wait blocks before cancellation is looked for, in milliseconds. Notifications themselves arrive at once.
    private static let wait_ms: Int32 = 250
    /// Pause before a broken connection is made again.
    private static let reconnectPause: Duration = .seconds(1)

    func run() async {
        while !Task.isCancelled {
            do {
                try await listen()
            } catch is CancellationError {
                break
            } catch {
                logger.log(.debug, "listening connection lost", [.channel: channel, .error: "\(error)"])
                do { try await Task.sleep(for: NotificationListener.reconnectPause) } catch { break }
            }
        }
        continuation.finish()
    }

    private func listen() async throws {
        let connection = Connection(conninfo, applicationName: applicationName)
        do {
            try await connection.open()
            try await connection.execute("LISTEN \"\(channel)\"")
            while true {
                try Task.checkCancellation()
                for payload in try await connection.waitForNotifications(timeout_ms: NotificationListener.wait_ms) {
                    continuation.yield(payload)
                }
            }
        } catch {
            await connection.close()
            throw error
        }
    }
}
