import ControlAPI
import Core
import Foundation
import Logging
import ServiceLifecycle

/// Tells systemd that the daemon is ready, and every few seconds, truthfully, what it is doing.
struct StatusReporter: Service {
    let progress: ProgressReader
    let notifier: SystemdNotifier
    /// One element for each door that takes connections; ready when all do.
    let openings: AsyncStream<Void>
    let doors: Int
    let clock: WallClock
    let logger: Logger

    /// Time between two status lines.
    private static let interval: Duration = .seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await waitForDoors()
            if Task.isCancelled { return }
            notifier.ready()
            logger.log(.info, "running", [.version: ProductVersion.current])
            await report()
        }
    }

    private func waitForDoors() async {
        var left = doors
        for await _ in openings {
            left -= 1
            if left == 0 { break }
        }
    }

    private func report() async {
        while !Task.isCancelled {
            do {
                notifier.status(text(try await progress.read()))
            } catch {
                notifier.status("database not readable: \(error)")
            }
            do { try await clock.sleep(for: Self.interval) } catch { break }
        }
    }

    private func text(_ now: Progress) -> String {
        let work = now.pending == 0 ? "everything due is fetched" : "\(now.pending) calls to make"
        let wait = now.waitingReason.map { ", waits: \($0)" } ?? ""
        return "\(now.athletes) athletes, \(now.activities) activities, \(work), quota \(now.quarterUsed)/\(now.quarterLimit)\(wait)"
    }
}
