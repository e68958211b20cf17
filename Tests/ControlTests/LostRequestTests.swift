import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer
@testable import fitnessctl

/// Requests that fail on the daemon's side, or are lost: the id by which the log has them, and what goes on after a restart.
@Suite struct LostRequestTests {
    private static let id = "0123456789abcdef"

    private func failure(_ answer: String) async throws -> ControlClientError? {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            return try await RawServer.serve(answer, then: .close, at: path) {
                do {
                    _ = try await ControlClient(socketPath: path).bytes(ControlTarget(.status))
                    return nil
                } catch { return error as? ControlClientError }
            }
        }
    }

    private static func answer(_ status: Int, id: String, body: String, length: Int? = nil) -> String {
        "HTTP/1.1 \(status) X\r\nx-request-id: \(id)\r\ncontent-length: \(length ?? body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `what fails on the daemon's side, or is cut off, has the request's id; a mistake of the client has not`() async throws {
        func body(_ code: String) -> String { #"{"error":{"code":"\#(code)","message":"m"}}"# }
        #expect(try await failure(Self.answer(503, id: Self.id, body: body("unavailable")))?.requestID == Self.id)
        #expect(try await failure(Self.answer(500, id: Self.id, body: "no json"))?.requestID == Self.id)
        let cut = try await failure(Self.answer(200, id: Self.id, body: "{", length: 100))
        #expect(cut?.code == .broken && cut?.requestID == Self.id)
        let refused = try await failure(Self.answer(404, id: Self.id, body: body("not_found")))
        #expect(refused?.refusal == "not_found" && refused?.requestID == nil)
        for id in ["", "x", "0123456789ABCDEF", "\u{1B}[31m", "0123456789abcdef0"] {
            #expect(try await failure(Self.answer(503, id: id, body: body("failed")))?.requestID == nil, "\(id)")
        }
    }

    @Test func `the tool prints the id, as text and as JSON, and the daemon's log has it at a level that is written`() async throws {
        let log = LogCapture()
        try await ControlHarness.serve(publicURL: nil, logger: log.logger) { daemon in
            try await daemon.addAthlete(7, uid: "ann")
            // Refused with a status from 500 on, by what the daemon knows and by a failure.
            let off = try await Tool.run(["athletes", "connect", "--uid", "ann"], socket: daemon.socketPath)
            await daemon.database.close()
            let failed = try await Tool.run(["athletes"], socket: daemon.socketPath)
            for ending in [off, failed] {
                #expect(ending.code == 1)
                let id = try #require(ending.err.firstMatch(of: #/request ([0-9a-f]{16}): journalctl -u fitnessd REQUEST_ID=\1\n/#)).1
                let levels = log.text.split(separator: "\n").filter { $0.contains(id) }.compactMap { $0.split(separator: " ").first }
                #expect(!Set(levels).isDisjoint(with: ["info", "notice", "warning", "error"]), "\(id): \(levels)")
            }
            let json = try await Tool.run(["athletes", "--json"], socket: daemon.socketPath)
            #expect(json.err.split(separator: "\n").count == 1 && json.err.contains(#/"request_id":"[0-9a-f]{16}"/#))
            let mistake = try await Tool.run(["athletes", "show", "7", "--json"], socket: "/nonexistent/s")
            #expect(!mistake.err.contains("request_id"))
        }
    }

    @Test func `a daemon that comes back is waited for, one that stays away is not, and neither is a refusal`() async throws {
        let gone = ControlClientError(.notReachable, "gone")
        var patient = Reconnection(patience: .seconds(60))
        for error in [gone, Reconnection.cutOff, ControlClientError(.refused, "starting", status: 503, refusal: "unavailable")] {
            try await patient.wait(after: error)
            patient.answered()
        }
        var hasty = Reconnection(patience: .zero)
        await #expect(throws: gone) { try await hasty.wait(after: gone) }
        let refusal = ControlClientError(.refused, "no", status: 404, refusal: "not_found")
        await #expect(throws: refusal) { try await patient.wait(after: refusal) }
        await #expect(throws: CommandFailure.self) { try await patient.wait(after: CommandFailure("disk full")) }
    }

    @Test func `a question to a daemon that is just stopping is asked again, a request for a change is not`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let answer = Self.answer(200, id: Self.id, body: #"{"version":"1","started_at":"2026-01-31T12:00:00Z"}"#)
            try await RawServer.serve(["", answer, "", answer, "", ""], then: .close, at: path) {
                let client = ControlClient(socketPath: path)
                let message: VersionMessage = try await client.send(ControlTarget(.version))
                #expect(message.version == "1")
                for target in [ControlTarget(.pauseAll), ControlTarget(.version)] {
                    let error = await #expect(throws: ControlClientError.self) { _ = try await client.bytes(target) }
                    #expect(error?.code == .broken, "\(target.path)")
                    // The answer that comes next is for nobody.
                    if target.route == .pauseAll { _ = try await client.bytes(target) }
                }
            }
        }
    }

    @Test func `a misspelt table is met with the one that was probably meant`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let near = try await Tool.run(["export", "--athlete", "1", "--table", "activty_stream"], socket: daemon.socketPath)
            #expect(near.code == 1 && near.err.contains("there is no such table (did you mean activity_stream?); there are: "))
            #expect(!near.err.contains("activty"))
            let far = try await Tool.run(["export", "--athlete", "1", "--table", "zzz"], socket: daemon.socketPath)
            #expect(far.code == 1 && !far.err.contains("did you mean"))
        }
    }
}
