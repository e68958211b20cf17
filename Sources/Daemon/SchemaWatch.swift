import Core
import Database
import Foundation
import Logging
import Migrations
import ServiceLifecycle

/// Looks whether a newer version has changed the database, or is about to, while this one works on it. Where this version can't work on, the
/// service ends and with it the daemon, in order: what is in flight lands, leases and unused quota are given back.
struct SchemaWatch: Service {
    let check: MigrationCheck
    let database: Database
    let notices: Notices
    let clock: WallClock
    let logger: Logger

    private static let interval = Duration.seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    private func watch() async {
        while !Task.isCancelled {
            do { if try await mustStop() { return } } catch {
                if !error.isCancellation { logger.log(.debug, "migrations can't be read", error) }
            }
            do { try await clock.sleep(for: Self.interval) } catch { return }
        }
    }

    private func mustStop() async throws -> Bool {
        switch try await check.outlook(in: database) {
        case .current:
            notices.withdraw(.schemaNewer)
            return false
        case .newer(let names):
            let text = """
                A newer fitnessd has upgraded the database (\(Self.list(names))). This version works on with it: upgrade it when you like
                """
            if notices.post(.schemaNewer, text) {
                logger.log(.notice, "a newer fitnessd has upgraded the database, this version works on", [.reason: Self.list(names)])
            }
            return false
        case .breaking(let name):
            let text = """
                A newer fitnessd upgrades the database (\(name)), and this version does not go with that: it has ended its work and stopped. \
                Upgrade it before you start it again
                """
            notices.post(.steppingBack, text, unready: "a newer fitnessd takes over the database, this one stops")
            logger.log(.error, "a newer fitnessd takes over the database, stopping", [.reason: name])
            return true
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
    }
}

/// The end of a daemon whose place a newer version takes.
struct SteppedBack: Error, CustomStringConvertible {
    /// systemd must not start it again (`RestartPreventExitStatus` in the unit).
    static let exitCode: Int32 = 3

    let description: String
}
