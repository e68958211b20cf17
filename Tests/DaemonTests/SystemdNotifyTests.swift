import Foundation
import TestKit
import Testing

/// What the real process reports to systemd.
@Suite struct SystemdNotifyTests {
    private func start(in folder: DemoFolder, socket: NotifySocket, listen: String = "off", output: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = try builtProgram("fitnessd")
        process.arguments = ["run", "--demo"]
        process.environment = folder.environment.merging([
            "FITNESSD_HTTP_LISTEN": listen, "NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "10000000", "PATH": "/usr/bin:/bin",
        ]) { $1 }
        let sink: Any = output ?? FileHandle.nullDevice
        process.standardOutput = sink
        process.standardError = sink
        try process.run()
        return process
    }

    @Test(arguments: [false, true])
    func `the daemon reports that it is ready, what it does, that it is alive and that it stops`(isAbstract: Bool) async throws {
        try await DemoFolder.with { folder in
            let path = folder.path + "/n"
            let socket = try NotifySocket(name: isAbstract ? "@" + path : path)
            let process = try start(in: folder, socket: socket)
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            for message in ["READY=1", "STATUS=", "WATCHDOG=1"] {
                try await eventually("\(message) is heard", within: .seconds(120)) {
                    try #require(process.isRunning)
                    return socket.hears(message)
                }
            }
            process.terminate()
            try await eventually("the daemon ends", within: .seconds(60)) { !process.isRunning }
            #expect(socket.hears("STOPPING=1"))
            #expect(socket.count("READY=1") == 1)
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func `a daemon whose port is taken is never ready, and says why in one sentence`() async throws {
        try await DemoFolder.with { folder in
            let socket = try NotifySocket(name: folder.path + "/n")
            let (listener, port) = try LoopbackSocket.listen()
            defer { close(listener) }
            let output = Pipe()
            let process = try start(in: folder, socket: socket, listen: "127.0.0.1:\(port)", output: output)
            defer { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
            try await eventually("the daemon ends", within: .seconds(120)) { !process.isRunning }
            #expect(process.terminationStatus == 1)
            #expect(!socket.hears("READY=1"))
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(text.contains("127.0.0.1:\(port)"), "\(text)")
            #expect(!text.contains("CancellationError") && !text.contains("leases not released"), "\(text)")
        }
    }
}

/// The service manager's end of sd_notify(3): a datagram socket that keeps what it receives.
final class NotifySocket {
    /// What goes into `NOTIFY_SOCKET`; a leading `@` stands for an abstract name.
    let name: String
    private let descriptor: Int32
    private(set) var heard: [String] = []

    init(name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = self.descriptor
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// Reads what has arrived. Returns whether a message with this beginning was ever received.
    func hears(_ beginning: String) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            heard.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return heard.contains { $0.hasPrefix(beginning) }
    }

    func count(_ message: String) -> Int { heard.count { $0 == message } }
}
