import Foundation
import TestKit
import Testing

/// What the real process tells systemd.
@Suite struct SystemdNotifyTests {
    private func start(state: URL, socket: NotifySocket) throws -> Process {
        let process = Process()
        process.executableURL = try builtProgram("fitnessd")
        process.arguments = ["run", "--demo"]
        process.environment = [
            "FITNESSD_STATE_DIR": state.path, "FITNESSD_HTTP_LISTEN": "off", "FITNESSD_CONTROL_SOCKET": state.path + "/c.sock",
            "NOTIFY_SOCKET": socket.name, "WATCHDOG_USEC": "10000000", "PATH": "/usr/bin:/bin",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test(arguments: [false, true])
    func `the daemon says that it is ready, what it does, that it lives and that it stops`(isAbstract: Bool) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "n").path
            let socket = try NotifySocket(name: isAbstract ? "@" + path : path)
            let process = try start(state: folder, socket: socket)
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
}
