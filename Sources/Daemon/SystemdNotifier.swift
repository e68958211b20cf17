import ControlAPI
import Core
import Foundation
import Governor
import Logging
import ServiceLifecycle
import Sync

/// Reports to systemd by the protocol of sd_notify(3), one datagram a message. Does nothing outside systemd.
///
/// A message that can't be sent is dropped: an absent service manager must not stop the daemon.
struct SystemdNotifier: Sendable {
    /// systemd shows one line.
    private static let statusBytesMax = 400

    /// A note is a setting or two and what is wrong with them.
    private static let noteBytesMax = 240

    private let socketPath: String?
    /// What a person should know before anything else.
    private let standing = Live<String?>(nil)
    private let isReady = Live(false)

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    }

    /// The start is complete.
    func ready() {
        isReady.replace(with: true)
        send("READY=1")
    }

    /// A reload has begun, which `reloaded` ends. The time is the monotonic clock's, in microseconds: systemd 253 and later compare it. Both say
    /// nothing during the start.
    func reloading() {
        guard isReady.value else { return }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)")
    }

    func reloaded() {
        if isReady.value { send("READY=1") }
    }

    /// Shown at the beginning of each status from now on; nil: nothing is.
    func note(_ text: String?) {
        standing.replace(with: text.map { String(decoding: $0.utf8.prefix(Self.noteBytesMax), as: UTF8.self) })
        if text != nil { status("") }
    }

    /// One line for `systemctl status`, which everybody on the machine can read: no secrets.
    func status(_ text: String) {
        let noted = [standing.value, text].compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "; ")
        let line = noted.utf8.prefix(Self.statusBytesMax).map { $0 < 0x20 ? 0x20 : $0 }
        send("STATUS=" + String(decoding: line, as: UTF8.self))
    }

    /// The scheduler's loop runs.
    func watchdog() { send("WATCHDOG=1") }

    /// The stop has begun.
    func stopping() { send("STOPPING=1") }

    private func send(_ message: String) {
        guard let socketPath, let address = UnixSocketAddress(socketPath, allowsAbstract: true) else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        _ = address.withPointer { sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
    }
}

/// Tells systemd when the daemon is ready, and every few seconds what it does.
struct StatusReporter: Service {
    let status: StatusReader
    let governor: RateLimitGovernor
    let notifier: SystemdNotifier
    /// One element for each server that accepts connections; the daemon is ready when all do.
    let listening: AsyncStream<Void>
    let serverCount: Int
    let clock: WallClock
    let logger: Logger

    private static let interval: Duration = .seconds(10)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await waitForServers()
            if Task.isCancelled { return }
            notifier.ready()
            logger.log(.info, "running", [.version: ProductVersion.current])
            await report()
        }
    }

    private func waitForServers() async {
        var missing = serverCount
        for await _ in listening {
            missing -= 1
            if missing == 0 { break }
        }
    }

    private func report() async {
        while !Task.isCancelled {
            do {
                notifier.status(line(try await status.figures(), await governor.snapshot()))
            } catch {
                notifier.status("database can't be read: \(error)")
            }
            do { try await clock.sleep(for: Self.interval) } catch { break }
        }
    }

    private func line(_ figures: StatusFigures, _ quota: GovernorSnapshot) -> String {
        if figures.athleteCount == 0 { return figures.whatIsLeft }
        let wait = quota.waitingReason.map { ", waiting: \($0.rawValue.replacing("_", with: " "))" } ?? ""
        let counts = "\(figures.athleteCount) athletes, \(figures.activityCount) activities"
        return "\(counts), \(figures.whatIsLeft), quota \(quota.usage(.quarter))\(wait)"
    }
}

extension GovernorSnapshot {
    /// "used/limit" of a window.
    func usage(_ span: QuotaSpan) -> String {
        let window = windows.first { $0.span == span }
        return "\(window?.used ?? 0)/\(window?.limit ?? 0)"
    }
}
