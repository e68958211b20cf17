import Foundation
import Simulator
import Synchronization
import TestKit
import Testing

/// What systemd hears: a datagram socket stands in for it.
@Suite struct NotifyTests {
    @Test func `systemd hears ready, a status, the watchdog's food and the stop`() async throws {
        let world = SimulatorWorld(
            seed: 4, epoch: Date(timeIntervalSince1970: 1_790_000_000), athleteCount: 1, activitiesEach: 2, points: 20...30)
        try await DaemonRig.with(world) { rig in
            let manager = try NotifySocket(path: rig.folder.appending(path: "notify").path)
            let daemon = try await rig.start(["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000000"])
            try await eventually("ready, a status and two meals") {
                manager.receive()
                return manager.heard("READY=1") == 1 && manager.heard("STATUS=") > 0 && manager.heard("WATCHDOG=1") > 1
            }
            #expect(manager.texts.contains { $0.hasPrefix("STATUS=") && $0.contains("athletes") })
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            manager.receive()
            #expect(manager.heard("STOPPING=1") == 1)
        }
    }
}

/// The receiving end of sd_notify(3).
private final class NotifySocket {
    let path: String
    private let descriptor: Int32
    private(set) var texts: [String] = []

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
    }

    deinit { close(descriptor) }

    func receive() {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return }
            texts.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }

    func heard(_ prefix: String) -> Int { texts.count { $0.hasPrefix(prefix) } }
}
