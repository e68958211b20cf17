import Core
import Database
import Foundation
import Governor
import Logging
import ServiceLifecycle

/// Logs when this machine's clock differs from PostgreSQL's or Strava's by more than a minute: once when it begins, once when it is over. Due
/// times, leases, quota windows and the expiry of tokens are compared across these clocks.
struct ClockWatch: Service {
    /// With reserved connections: a difference is no less true while all others are in use.
    let database: Database
    let governor: RateLimitGovernor
    let clock: WallClock
    let logger: Logger

    private static let interval: Duration = .seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown { await watch() }
    }

    private func watch() async {
        var (server, strava) = (ClockAgreement(), ClockAgreement())
        while !Task.isCancelled {
            log("PostgreSQL", server.observe(await serverOffset_s()))
            log("Strava", strava.observe(await governor.snapshot().clockOffset_s))
            do { try await clock.sleep(for: Self.interval) } catch { break }
        }
    }

    /// Nil when the server doesn't answer, which others report.
    private func serverOffset_s() async -> Double? {
        do { return try await DataStore.clockOffset_s(of: database, clock: clock) } catch { return nil }
    }

    private func log(_ owner: String, _ change: ClockAgreement.Change?) {
        switch change {
        case nil: break
        case .lost(let offset_s):
            logger.log(
                .warning, "clocks differ by more than a minute: set this machine's clock (NTP), or the other one",
                [.host: owner, .reason: ClockAgreement.sentence(owner, offset_s)])
        case .regained: logger.log(.notice, "clocks agree again", [.host: owner])
        }
    }
}

/// Whether another clock agrees with ours.
struct ClockAgreement: Sendable {
    enum Change: Equatable {
        case lost(offset_s: Double)
        case regained
    }

    static let offsetMax_s = 60.0

    private var isLost = false

    /// - Parameter offset_s: how far the other clock is ahead; nil: unknown, which changes nothing.
    mutating func observe(_ offset_s: Double?) -> Change? {
        guard let offset_s else { return nil }
        let isOff = abs(offset_s) > Self.offsetMax_s
        defer { isLost = isOff }
        if isOff == isLost { return nil }
        return isOff ? .lost(offset_s: offset_s) : .regained
    }

    static func sentence(_ owner: String, _ offset_s: Double) -> String {
        "the clock of \(owner) is \(Int(min(abs(offset_s), 1e12))) s \(offset_s > 0 ? "ahead of" : "behind") this machine's"
    }
}
