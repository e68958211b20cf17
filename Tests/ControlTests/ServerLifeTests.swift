import ControlAPI
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct ServerLifeTests {
    @Test func `a graceful stop removes the socket's file and frees the path`() async throws {
        let path = try await ControlHarness.serve { daemon in
            let _: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            return daemon.socketPath
        }
        #expect(FileIdentity.of(path) == nil)
    }

    @Test func `a second daemon is refused while the first continues to serve`() async throws {
        try await ControlHarness.serve { daemon in
            let error = #expect(throws: ControlServerError.self) {
                try ControlSocket.open(path: daemon.socketPath, environment: [:])
            }
            #expect(error?.code == .alreadyServed)
            let _: StatusMessage = try await daemon.client.send(ControlTarget(.status))
        }
    }

    @Test func `many concurrent requests are all answered or told to try again`() async throws {
        try await ControlHarness.serve { daemon in
            let answers = await withTaskGroup(of: String.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            let _: LimitsMessage = try await daemon.client.send(ControlTarget(.limits))
                            return "served"
                        } catch {
                            return (error as? ControlClientError).map { $0.refusal ?? $0.code.rawValue } ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(answers["served", default: 0] >= 48)
            #expect(Set(answers.keys).isSubset(of: ["served", "busy", "not_reachable"]), "\(answers)")
        }
    }

    @Test func `a user's slow senders give way to the same user's next request`() async throws {
        try await ControlHarness.serve { daemon in
            let slow = try (0..<200).map { _ in try IdleReader("GET /v1/limits HTTP/1.1\r\nhost: x\r\n", at: daemon.socketPath) }
            defer { for reader in slow { reader.close() } }
            try await eventually("somebody is served", within: .seconds(9)) {
                (try? await daemon.client.bytes(ControlTarget(.limits))) != nil
            }
        }
    }

    @Test func `two requests on one connection are both answered`() async throws {
        try await ControlHarness.serve { daemon in
            let one = "GET /v1/limits HTTP/1.1\r\nhost: x\r\n\r\n"
            let two = "GET /v1/status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            let answer = try await RawRequest.send(one + two, to: daemon.socketPath)
            #expect(answer.status == 200)
            #expect(answer.body.contains("\"windows\"") && answer.body.contains("\"started_at\""))
        }
    }

    @Test(arguments: [false, true])
    func `a socket removed while the daemon runs is created again, with its lock`(isLockRemoved: Bool) async throws {
        try await ControlHarness.serve { daemon in
            let _: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            try FileManager.default.removeItem(atPath: daemon.socketPath)
            if isLockRemoved { try FileManager.default.removeItem(atPath: daemon.socketPath + ".lock") }
            try await eventually("the socket answers again") { ControlSocket.isServed(daemon.socketPath) }
            let _: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            let error = #expect(throws: ControlServerError.self) {
                try ControlSocket.open(path: daemon.socketPath, environment: [:])
            }
            #expect(error?.code == .alreadyServed)
            let mode = try FileManager.default.attributesOfItem(atPath: daemon.socketPath)[.posixPermissions] as? Int
            #expect(mode == 0o660)
        }
    }

    @Test func `a path taken by another daemon in the meantime is left to it`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "control.sock").path
            let first = try ControlSocket.open(path: path, environment: [:])
            for name in [path, path + ".lock"] { try FileManager.default.removeItem(atPath: name) }
            let second = try ControlSocket.open(path: path, environment: [:])
            let error = #expect(throws: ControlServerError.self) { try first.renewed() }
            #expect(error?.code == .alreadyServed)
            #expect(try second.renewed()?.path == nil)
            first.remove()
            #expect(FileIdentity.of(path) != nil)
            second.remove()
        }
    }
}
