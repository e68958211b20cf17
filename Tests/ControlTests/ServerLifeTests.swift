import ControlAPI
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct ServerLifeTests {
    @Test func `the socket file is gone after a graceful stop and the path is free`() async throws {
        let path = try await ControlHarness.serve { daemon in
            let _: StatusMessage = try await daemon.client.ask(ControlTarget(.status))
            return daemon.socketPath
        }
        #expect(FileIdentity.of(path) == nil)
    }

    @Test func `a second daemon is refused while the first goes on serving`() async throws {
        try await ControlHarness.serve { daemon in
            let error = #expect(throws: ControlServerError.self) {
                try ControlSocket.open(path: daemon.socketPath, environment: [:])
            }
            #expect(error?.code == .alreadyServed)
            let _: StatusMessage = try await daemon.client.ask(ControlTarget(.status))
        }
    }

    @Test func `many ask at once and all are answered or told to come back`() async throws {
        try await ControlHarness.serve { daemon in
            let answers = await withTaskGroup(of: String.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        do {
                            let _: LimitsMessage = try await daemon.client.ask(ControlTarget(.limits))
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

    @Test func `a user's slow senders give way to the next one who asks`() async throws {
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
}
