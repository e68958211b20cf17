import Assistant
import Foundation
import HTTPTransport
import TestKit

@testable import Gateway

/// An assistant's client: it speaks to `/mcp` of a gateway with the athletes of `MeFixture`.
struct AssistantFixture: Sendable {
    let me: MeFixture
    /// Of u1, with the scope read alone.
    let token: String

    static func with(access: ModelAccess = .all, _ body: (AssistantFixture) async throws -> Void) async throws {
        try await MeFixture.with(access: access) { me in
            try await body(AssistantFixture(me: me, token: try await me.issue("u1", [.read])))
        }
    }

    /// One POST. `version`: the header field; nil: none.
    func post(
        _ body: String, version: String? = "2025-11-25", token: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> HTTPResponse {
        let standard = [
            (name: "Content-Type", value: "application/json"), (name: "Accept", value: "application/json, text/event-stream"),
            (name: "Authorization", value: "Bearer \(token ?? self.token)"),
        ].filter { field in !headers.contains { $0.name == field.name } }
        let said = version.map { [(name: "MCP-Protocol-Version", value: $0)] } ?? []
        return try await me.gateway.browser.send(
            HTTPRequest(
                method: .post, url: me.gateway.base + "/mcp", headers: (standard + said + headers).filter { !$0.value.isEmpty },
                body: Array(body.utf8)))
    }

    /// The answer to one message, as JSON.
    func json(
        _ body: String, version: String? = "2025-11-25", token: String? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> (status: Int, object: [String: Any]) {
        let answer = try await post(body, version: version, token: token, headers: headers)
        return (answer.status, try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] ?? [:])
    }

    /// The code of the error that answers a message.
    func errorCode(_ body: String, version: String? = "2025-11-25") async throws -> Int? {
        (try await json(body, version: version).object["error"] as? [String: Any])?["code"] as? Int
    }

    /// What a tool answered.
    struct Called {
        let isError: Bool
        /// Of an error the sentence, else the JSON.
        let text: String
        let content: [String: Any]

        var rows: [[String: Any]] { content["rows"] as? [[String: Any]] ?? [] }
        var notes: [String] { content["notes"] as? [String] ?? [] }
    }

    func call(_ tool: String, _ arguments: [String: Any] = [:], token: String? = nil) async throws -> Called {
        let message: [String: Any] = [
            "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": ["name": tool, "arguments": arguments] as [String: Any],
        ]
        let body = String(decoding: try JSONSerialization.data(withJSONObject: message), as: UTF8.self)
        let (status, object) = try await json(body, token: token)
        guard status == 200, let result = object["result"] as? [String: Any], let isError = result["isError"] as? Bool,
            let text = (result["content"] as? [[String: Any]])?.first?["text"] as? String
        else { throw AssistantFailure(status: status, answer: "\(object)") }
        return Called(isError: isError, text: text, content: result["structuredContent"] as? [String: Any] ?? [:])
    }

    func query(_ sql: String, token: String? = nil) async throws -> Called { try await call("query", ["sql": sql], token: token) }
}

/// An answer that is no result of a tool.
struct AssistantFailure: Error {
    let status: Int
    let answer: String
}
