import ControlAPI
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct BadRequestTests {
    private static let invalid: [(method: String, path: String, status: Int, code: String)] = [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/athletes/999", 404, "not_found"),
        ("GET", "/v1/athletes/0", 400, "bad_request"),
        ("GET", "/v1/athletes/99999999999999999999", 400, "bad_request"),
        ("GET", "/v1/athletes/who", 400, "bad_request"),
        ("GET", "/v1/athletes?limit=0", 400, "bad_request"),
        ("GET", "/v1/athletes?limit=1001", 400, "bad_request"),
        ("GET", "/v1/athletes?after=x", 400, "bad_request"),
        ("GET", "/v1/progress", 400, "bad_request"),
        ("GET", "/v1/progress?since=yesterday", 400, "bad_request"),
        ("GET", "/v1/athletes/5/progress?since=2026-01-01T00:00:00Z", 404, "not_found"),
        ("GET", "/v1/pause", 405, "method_not_allowed"),
        ("DELETE", "/v1/status", 405, "method_not_allowed"),
        ("POST", "/v1/athletes/5/sync", 404, "not_found"),
        ("POST", "/v1/athletes/5/pause", 404, "not_found"),
        ("POST", "/v1/athletes/5/resume", 404, "not_found"),
    ]

    @Test func `an invalid request is refused with its code`() async throws {
        try await ControlHarness.serve { daemon in
            for (method, path, status, code) in Self.invalid {
                let request = "\(method) \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
                let answer = try await RawRequest.send(request, to: daemon.socketPath)
                #expect(answer.status == status, "\(method) \(path)")
                let envelope = try ControlJSON.decode(ErrorMessage.self, from: Array(answer.body.utf8))
                #expect(envelope.error.code == code && !envelope.error.message.isEmpty, "\(method) \(path)")
            }
        }
    }

    private static let unreadable: [(path: String, body: String)] = [
        ("/v1/sync", "{"), ("/v1/sync", #"{"full":"secret-word"}"#), ("/v1/sync", "[]"), ("/v1/sync", "{}"),
        ("/v1/pause", #"{"for_s":0}"#), ("/v1/pause", #"{"for_s":99999999999}"#), ("/v1/pause", #"{"for_s":1.5}"#),
        ("/v1/pause", "{\"reason\":\"\(String(repeating: "x", count: 501))\"}"),
        ("/v1/connect", ""), ("/v1/connect", #"{"uid":""}"#), ("/v1/connect", #"{"uid":7}"#),
    ]

    @Test func `an invalid body is refused and not repeated`() async throws {
        try await ControlHarness.serve { daemon in
            for (path, body) in Self.unreadable {
                let answer = try await RawRequest.post(path, body, to: daemon.socketPath)
                #expect(answer.status == 400, "\(path) \(body.prefix(40))")
                #expect(answer.body.contains(#""code":"bad_request""#), "\(path) \(body.prefix(40))")
                #expect(!answer.body.contains("secret-word"))
            }
        }
    }

    @Test func `a client's mistake or disconnect is not logged as an error, a failure of the daemon is`() async throws {
        let log = LogCapture()
        try await ControlHarness.serve(logger: log.logger) { daemon in
            try await Self.makeMistakes(at: daemon.socketPath)
            try await eventually("the disconnect is noticed") { log.text.contains("control request interrupted") }
            #expect(Self.lines(of: log, ["debug control request refused"]).count > 20)
            let severe = Self.lines(of: log, ["warning", "error", "critical"])
            #expect(severe.isEmpty, "\(severe)")
            await daemon.database.close()
            let answer = try await RawRequest.get("/v1/athletes", to: daemon.socketPath)
            let id = try #require(answer.head.lowercased().firstMatch(of: #/x-request-id: ([0-9a-f]{16})/#)).1
            let failed = Self.lines(of: log, ["error control request failed"])
            #expect(failed.count == 1 && failed.allSatisfy { $0.contains(id) }, "\(failed)")
        }
    }

    private static func makeMistakes(at socketPath: String) async throws {
        for request in invalid {
            _ = try await RawRequest.send(
                "\(request.method) \(request.path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", to: socketPath)
        }
        for request in unreadable { _ = try await RawRequest.post(request.path, request.body, to: socketPath) }
        _ = try await RawRequest.send("\u{01}\u{02}\r\n\r\n", to: socketPath)
        let cut = try IdleReader("POST /v1/pause HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{", at: socketPath)
        // The server has begun to read before the client leaves.
        try await Task.sleep(for: .milliseconds(200))
        cut.close()
    }

    private static func lines(of log: LogCapture, _ beginnings: [String]) -> [String] {
        log.text.split(separator: "\n").map(String.init).filter { line in beginnings.contains { line.hasPrefix($0) } }
    }

    @Test func `a body beyond the limit is refused`() async throws {
        try await ControlHarness.serve { daemon in
            let body = "{\"full\":true,\"x\":\"" + String(repeating: "x", count: RequestReading.bodyBytesMax) + "\"}"
            let answer = try await RawRequest.post("/v1/sync", body, to: daemon.socketPath)
            #expect(answer.status == 413)
            #expect(answer.body.contains("body_too_large"))
        }
    }

    @Test func `bytes that are not HTTP get a 400, and the server continues`() async throws {
        try await ControlHarness.serve { daemon in
            let answer = try await RawRequest.send("\u{01}\u{02}\r\n\r\n", to: daemon.socketPath)
            #expect(answer.status == 400)
            let next = try await RawRequest.get("/v1/status", to: daemon.socketPath)
            #expect(next.status == 200)
        }
    }

    @Test func `a lost database is reported as unavailable, not as a failure of the request`() async throws {
        try await ControlHarness.serve { daemon in
            await daemon.database.close()
            let answer = try await RawRequest.get("/v1/athletes", to: daemon.socketPath)
            #expect(answer.status >= 500)
            let envelope = try ControlJSON.decode(ErrorMessage.self, from: Array(answer.body.utf8))
            #expect(["unavailable", "failed"].contains(envelope.error.code))
        }
    }
}
