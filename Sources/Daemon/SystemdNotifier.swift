import Foundation

/// Tells systemd how the daemon is: sd_notify(3) by hand, one datagram a message. Does nothing outside systemd.
///
/// A message that can't be sent is dropped: the service manager's absence must not stop the daemon.
struct SystemdNotifier: Sendable {
    /// Longest text after `STATUS=`; systemd shows one line.
    private static let statusBytesMax = 400

    private let socketPath: String?
    /// How long systemd waits for `watchdog()` before it kills the daemon; nil when it does not watch. Feed it at half of this.
    let watchdogTimeout: Duration?

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        socketPath = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        watchdogTimeout = Self.watchdogTimeout(environment)
    }

    /// Start-up is finished.
    func ready() { send("READY=1") }

    /// One line for `systemctl status`. Never a secret: everybody on the machine can read it.
    func status(_ text: String) {
        let line = text.utf8.prefix(Self.statusBytesMax).map { $0 < 0x20 ? 0x20 : $0 }
        send("STATUS=" + String(decoding: line, as: UTF8.self))
    }

    /// The main loop is alive.
    func watchdog() { send("WATCHDOG=1") }

    /// The stop has begun.
    func stopping() { send("STOPPING=1") }

    /// Start-up takes longer than `TimeoutStartSec` may allow: give it this much more from now.
    func extendTimeout(by duration: Duration) {
        send("EXTEND_TIMEOUT_USEC=\(Int64(max(0, duration / .microseconds(1))))")
    }

    /// sd_watchdog_enabled(3): `WATCHDOG_USEC`, unless `WATCHDOG_PID` names another process.
    private static func watchdogTimeout(_ environment: [String: String]) -> Duration? {
        guard let time_us = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), time_us > 0 else { return nil }
        if let pid = environment["WATCHDOG_PID"], pid != String(ProcessInfo.processInfo.processIdentifier) { return nil }
        return .microseconds(time_us)
    }

    private func send(_ message: String) {
        guard let socketPath, let (address, length) = Self.address(of: socketPath) else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), address, length)
            }
        }
    }

    /// unix(7): a leading `@` stands for the zero byte of an abstract name, whose length says where it ends.
    private static func address(of path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        let isAbstract = path.hasPrefix("@")
        if isAbstract { bytes[0] = 0 } else { bytes.append(0) }
        guard bytes.count > 1, bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        return (address, socklen_t(offset + bytes.count))
    }
}
