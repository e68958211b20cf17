import ControlAPI
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct ControlSocketTests {
    @Test func `the socket is for its owner and group, in a folder created for it`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "a/b/control.sock").path
            let socket = try ControlSocket.open(path: path, environment: [:])
            #expect(try mode(path) == 0o660)
            #expect(try mode(folder.appending(path: "a/b").path) == 0o750)
            discard(socket)
            #expect(FileIdentity.of(path) == nil)
        }
    }

    @Test func `a socket file that nobody serves is replaced`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            close(try UnixSocketCalls.listen(path))
            #expect(FileIdentity.of(path)?.isSocket == true)
            let socket = try ControlSocket.open(path: path, environment: [:])
            #expect(UnixSocketCalls.probe(path) == 0)
            discard(socket)
        }
    }

    @Test func `a second socket on the same path is refused with a clear sentence`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            let first = try ControlSocket.open(path: path, environment: [:])
            let error = #expect(throws: ControlServerError.self) { try ControlSocket.open(path: path, environment: [:]) }
            #expect(error?.code == .alreadyServed)
            #expect(error?.description == "another fitnessd is already serving \(path); stop it or choose another control socket")
            #expect(UnixSocketCalls.probe(path) == 0)
            discard(first)
        }
    }

    @Test func `a socket served without our lock is left alone`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            let other = try UnixSocketCalls.listen(path)
            let error = #expect(throws: ControlServerError.self) { try ControlSocket.open(path: path, environment: [:]) }
            #expect(error?.code == .alreadyServed)
            #expect(UnixSocketCalls.probe(path) == 0)
            close(other)
        }
    }

    @Test func `of many daemons that start at once exactly one serves`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            close(try UnixSocketCalls.listen(path))
            let sockets = await withTaskGroup(of: ControlSocket?.self) { group in
                for _ in 0..<16 { group.addTask { try? ControlSocket.open(path: path, environment: [:]) } }
                return await group.reduce(into: []) { $0 += [$1].compactMap { $0 } }
            }
            #expect(sockets.count == 1)
            #expect(UnixSocketCalls.probe(path) == 0)
            sockets.forEach(discard)
        }
    }

    @Test func `a file that is not a socket is refused and kept`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            try Data("mine".utf8).write(to: URL(filePath: path))
            let error = #expect(throws: ControlServerError.self) { try ControlSocket.open(path: path, environment: [:]) }
            #expect(error?.code == .notASocket)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        }
    }

    @Test func `a path beyond 107 bytes is refused with its length`() throws {
        let path = "/tmp/" + String(repeating: "x", count: 103)
        let error = #expect(throws: ControlServerError.self) { try ControlSocket.open(path: path, environment: [:]) }
        #expect(error?.code == .pathTooLong)
        #expect(error?.description.contains("108 bytes") == true)
    }

    @Test func `a file that another process created in the meantime is not removed`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            let socket = try ControlSocket.open(path: path, environment: [:])
            unlink(path)
            let other = try UnixSocketCalls.listen(path)
            discard(socket)
            #expect(UnixSocketCalls.probe(path) == 0)
            close(other)
        }
    }

    @Test func `a socket passed in by the service manager is used`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "handed.sock").path
            let descriptor = try UnixSocketCalls.listen(path)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
            let environment = ["LISTEN_PID": String(getpid()), "LISTEN_FDS": "1"]
            let found = try #require(try ActivatedSocket.find(environment: environment, descriptor: descriptor))
            #expect(found.path == path)
            #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
            close(descriptor)
        }
    }

    @Test func `a descriptor for another process or one that is not a listening socket is not used`() async throws {
        #expect(try ActivatedSocket.find(environment: ["LISTEN_PID": "1", "LISTEN_FDS": "1"]) == nil)
        #expect(try ActivatedSocket.find(environment: [:]) == nil)
        let environment = ["LISTEN_PID": String(getpid()), "LISTEN_FDS": "1"]
        let file = open("/dev/null", O_RDONLY)
        let error = #expect(throws: ControlServerError.self) { try ActivatedSocket.find(environment: environment, descriptor: file) }
        #expect(error?.code == .notASocket)
        close(file)
    }

    private func mode(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).intValue
    }

    /// Ends a socket that no server took.
    private func discard(_ socket: ControlSocket) {
        close(socket.descriptor)
        socket.remove()
    }
}

@Suite struct ControlSocketPathTests {
    @Test(arguments: [
        (["FITNESSD_CONTROL_SOCKET": "/a.sock", "RUNTIME_DIRECTORY": "/run/x"], "/a.sock"),
        (["RUNTIME_DIRECTORY": "/run/x:/run/y", "XDG_RUNTIME_DIR": "/run/user/1"], "/run/x/control.sock"),
        (["XDG_RUNTIME_DIR": "/run/user/1", "HOME": "/h"], "/run/user/1/fitnessd/control.sock"),
        (["FITNESSD_STATE_DIR": "/s", "STATE_DIRECTORY": "/t"], "/s/control.sock"),
        (["STATE_DIRECTORY": "/t", "HOME": "/h"], "/t/control.sock"),
        (["XDG_STATE_HOME": "/x", "HOME": "/h"], "/x/fitnessd/control.sock"),
        (["FITNESSD_CONTROL_SOCKET": "", "HOME": "/h"], "/h/.local/state/fitnessd/control.sock"),
    ])
    func `the daemon's path follows the environment`(environment: [String: String], path: String) {
        #expect(ControlSocketPath.daemon(environment: environment) == path)
    }

    @Test func `the tool takes the path that exists, unless one is configured`() async throws {
        try await withTemporaryFolder { folder in
            let state = folder.appending(path: "control.sock").path
            let environment = ["XDG_RUNTIME_DIR": folder.path, "FITNESSD_STATE_DIR": folder.path]
            try Data().write(to: URL(filePath: state))
            #expect(ControlSocketPath.tool(environment: environment) == state)
            let told = environment.merging(["FITNESSD_CONTROL_SOCKET": "/told.sock"]) { $1 }
            #expect(ControlSocketPath.tool(environment: told) == "/told.sock")
        }
    }
}
