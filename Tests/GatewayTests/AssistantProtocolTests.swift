import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Gateway

/// `/mcp` as the Model Context Protocol's revisions describe it: messages, versions, header fields and errors.
@Suite struct AssistantProtocolTests {
    private static func initialize(_ version: String) -> String {
        """
        {"jsonrpc":"2.0","id":"a","method":"initialize","params":{"protocolVersion":"\(version)","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}
        """
    }
    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#
    private static let list = #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
    private static let told = #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#

    @Test func `the handshake agrees on the version that the client asks for, or on the newest`() async throws {
        try await AssistantFixture.with { assistant in
            for (asked, agreed) in [
                ("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2024-11-05", "2025-11-25"),
                ("2099-01-01", "2025-11-25"), ("2026-07-28", "2025-11-25"),
            ] {
                let (status, object) = try await assistant.json(Self.initialize(asked), version: nil)
                let result = try #require(object["result"] as? [String: Any])
                #expect(status == 200 && object["id"] as? String == "a" && result["protocolVersion"] as? String == agreed)
                #expect((result["capabilities"] as? [String: Any])?.keys.sorted() == ["tools"])
                #expect((result["serverInfo"] as? [String: Any])?["name"] as? String == "fitnessd")
                #expect((result["instructions"] as? String)?.contains("describe_schema") == true)
            }
            let answer = try await assistant.post(Self.initialize("2025-11-25"), version: nil)
            #expect(answer.headers["Mcp-Session-Id"] == nil && answer.headers["Content-Type"] == "application/json")
            #expect(answer.headers["Cache-Control"] == "no-store")
        }
    }

    @Test func `notifications and responses are accepted without an answer`() async throws {
        try await AssistantFixture.with { assistant in
            for body in [
                Self.told, #"{"jsonrpc":"2.0","id":4,"result":{}}"#, #"{"jsonrpc":"2.0","id":4,"error":{"code":1,"message":"x"}}"#,
            ] {
                let answer = try await assistant.post(body)
                #expect(answer.status == 202 && answer.body.isEmpty)
            }
            let batch = try await assistant.post("[\(Self.told),\(Self.told)]", version: "2025-03-26")
            #expect(batch.status == 202 && batch.body.isEmpty)
        }
    }

    @Test func `batches are answered where the version has them`() async throws {
        try await AssistantFixture.with { assistant in
            for version in ["2025-03-26", nil] {
                let answer = try await assistant.post(
                    "[\(Self.ping),\(Self.told),{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"no\"},7]", version: version)
                let list = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]])
                #expect(answer.status == 200 && list.count == 3 && list[0]["result"] != nil)
                #expect(list.dropFirst().map { ($0["error"] as? [String: Any])?["code"] as? Int } == [-32601, -32600])
            }
            for version in ["2025-06-18", "2025-11-25"] {
                let answer = try await assistant.json("[\(Self.ping)]", version: version)
                #expect(answer.status == 400 && (answer.object["error"] as? [String: Any])?["code"] as? Int == -32600)
            }
            for body in ["[]", "[" + Array(repeating: Self.ping, count: 11).joined(separator: ",") + "]"] {
                #expect(try await assistant.json(body, version: "2025-03-26").status == 400)
            }
            #expect(try await assistant.post("[\(Self.initialize("2025-03-26"))]", version: nil).text.contains("-32600"))
        }
    }

    @Test(arguments: [
        ("", -32700), ("{", -32700), ("{\"a\":}", -32700), (String(repeating: "[", count: 4000), -32700), ("7", -32600), ("\"x\"", -32600),
        ("null", -32600), ("{}", -32600), (#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1}"#, -32600),
        (#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, -32600),
        (#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600), (#"{"jsonrpc":"2.0","id":1,"method":7}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#, -32600),
        (#"{"jsonrpc":"2.0","id":1,"method":"resources/list"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#, -32601), (#"{"jsonrpc":"2.0","id":1,"method":"Tools/List"}"#, -32601),
        (#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such_tool"}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":[]}}"#, -32602),
        (#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"heat_map","arguments":{}}}"#, -32602),
    ])
    func `a wrong message gets the error code that belongs to it`(body: String, code: Int) async throws {
        try await AssistantFixture.with { assistant in
            #expect(try await assistant.errorCode(body) == code, "\(body.prefix(80))")
            let status = try await assistant.post(body).status
            #expect(status == ([-32700, -32600].contains(code) ? 400 : 200))
        }
    }

    @Test func `a version that is not spoken is refused with those that are`() async throws {
        try await AssistantFixture.with { assistant in
            for version in ["2024-11-05", "1900-01-01", "<b>x</b>"] {
                let answer = try await assistant.post(Self.ping, version: version)
                #expect(
                    answer.status == 400 && answer.text.contains("-32022") && answer.text.contains("2025-11-25")
                        && !answer.text.contains("<b>"))
            }
        }
    }

    // MARK: 2026-07-28

    private static func modern(_ method: String, _ parameters: String = "", version: String = "2026-07-28") -> String {
        """
        {"jsonrpc":"2.0","id":1,"method":"\(method)","params":{\(parameters.isEmpty ? "" : parameters + ",")"_meta":{
        "io.modelcontextprotocol/protocolVersion":"\(version)","io.modelcontextprotocol/clientCapabilities":{}}}}
        """
    }

    @Test func `a request of the stateless version is answered without a handshake`() async throws {
        try await AssistantFixture.with { assistant in
            for (method, parameters, name) in [
                ("server/discover", "", ""), ("tools/list", "", ""), ("tools/call", #""name":"describe_schema""#, "describe_schema"),
                ("tools/call", #""name":"describe_schema""#, "=?base64?ZGVzY3JpYmVfc2NoZW1h?="),
            ] {
                let (status, object) = try await assistant.json(
                    Self.modern(method, parameters), version: "2026-07-28", headers: [("Mcp-Method", method), ("Mcp-Name", name)])
                let result = try #require(object["result"] as? [String: Any], "\(object)")
                #expect(status == 200 && result["resultType"] as? String == "complete" && result["_meta"] is [String: Any])
                if method != "tools/call" { #expect(result["ttlMs"] is Int && result["cacheScope"] as? String == "private") }
                if method == "server/discover" { #expect((result["supportedVersions"] as? [String])?.contains("2026-07-28") == true) }
            }
        }
    }

    @Test func `header fields that do not agree with the body are refused`() async throws {
        try await AssistantFixture.with { assistant in
            let cases: [(body: String, version: String?, headers: [(name: String, value: String)], status: Int, code: Int)] = [
                (Self.modern("tools/list"), "2026-07-28", [], 400, -32020),
                (Self.modern("tools/list"), "2026-07-28", [("Mcp-Method", "tools/call")], 400, -32020),
                (Self.modern("tools/list"), nil, [("Mcp-Method", "tools/list")], 400, -32020),
                (Self.modern("tools/list"), "2025-11-25", [("Mcp-Method", "tools/list")], 400, -32020),
                (Self.modern("tools/call", #""name":"query""#), "2026-07-28", [("Mcp-Method", "tools/call")], 400, -32020),
                (
                    Self.modern("tools/call", #""name":"query""#), "2026-07-28", [("Mcp-Method", "tools/call"), ("Mcp-Name", "heat_map")],
                    400,
                    -32020
                ),
                (Self.list, "2026-07-28", [("Mcp-Method", "tools/list")], 400, -32602),
                (Self.modern("tools/list", version: "2025-11-25"), "2025-11-25", [("Mcp-Method", "tools/list")], 400, -32022),
                (Self.modern("initialize"), "2026-07-28", [("Mcp-Method", "initialize")], 404, -32601),
                (Self.modern("ping"), "2026-07-28", [("Mcp-Method", "ping")], 404, -32601),
            ]
            for (body, version, headers, status, code) in cases {
                let answer = try await assistant.json(body, version: version, headers: headers)
                let found = (answer.object["error"] as? [String: Any])?["code"] as? Int
                #expect(answer.status == status && found == code, "\(body): \(answer)")
            }
        }
    }

    // MARK: HTTP

    @Test func `what is no message to this address is refused by HTTP`() async throws {
        try await AssistantFixture.with { assistant in
            for method in ["GET", "DELETE", "PUT", "PATCH"] {
                let answer = try await RawClient.ask(method, "/mcp", assistant.me.gateway.base)
                #expect(
                    answer.status == 405 && answer.head.lowercased().contains("allow: post") && answer.body.contains("method_not_allowed"))
            }
            let cases: [(headers: [(name: String, value: String)], status: Int, code: String)] = [
                ([("Authorization", "")], 401, "authorization_missing"), ([("Authorization", "Basic x")], 401, "authorization_not_bearer"),
                ([("Authorization", "Bearer nonsense")], 401, "token_invalid"), ([("Content-Type", "")], 415, "not_json"),
                ([("Content-Type", "text/plain")], 415, "not_json"), ([("Content-Type", "application/jsonp")], 415, "not_json"),
                ([("Accept", "text/html")], 406, "not_acceptable"), ([("Origin", "https://evil.example.org")], 403, "origin_forbidden"),
                ([("Origin", "null")], 403, "origin_forbidden"), ([("Origin", GatewayFixture.publicURL + "0")], 403, "origin_forbidden"),
            ]
            for (headers, status, code) in cases {
                let answer = try await assistant.post(Self.ping, headers: headers)
                #expect(
                    answer.status == status && answer.text.contains("\"code\":\"\(code)\""), "\(headers): \(answer.status) \(answer.text)")
                #expect((answer.headers["WWW-Authenticate"] != nil) == (status == 401))
            }
            for headers in [
                [(name: "Origin", value: GatewayFixture.publicURL)], [(name: "Content-Type", value: "Application/JSON; charset=utf-8")],
                [(name: "Accept", value: "")], [(name: "Accept", value: "*/*")],
            ] {
                #expect(try await assistant.post(Self.ping, headers: headers).status == 200, "\(headers)")
            }
            #expect(try await assistant.post(String(repeating: " ", count: 20_000) + Self.ping).status == 413)
        }
    }

    @Test func `pages may call from the installation's own origin and from those that the operator names`() throws {
        let named = try AllowedOrigins("https://app.example.org").including("https://fit.example.org")
        #expect(named.contains("https://app.example.org") && named.contains("https://fit.example.org"))
        #expect(!named.contains("https://app.example.org.evil.example") && !named.contains("null"))
        #expect(!AllowedOrigins.none.including("https://fit.example.org").contains("https://app.example.org"))
        #expect(try AllowedOrigins("*").including("https://fit.example.org").contains("https://anything.example.org"))
    }

    @Test func `without the scope, the athlete, the login or the operator's consent there are no tools`() async throws {
        try await AssistantFixture.with { assistant in
            let token = try await assistant.me.issue("u1", [.position, .sync])
            let answer = try await assistant.post(Self.list, token: token)
            #expect(answer.status == 403 && answer.text.contains("scope read"))
        }
        try await AssistantFixture.with(access: .off) { assistant in
            let answer = try await assistant.post(Self.list)
            #expect(answer.status == 404 && answer.text.contains("FITNESSD_MODEL_ACCESS=off"))
        }
        try await withGateway(access: .all) { gateway in
            let answer = try await RawClient.ask("POST", "/mcp", gateway.base, headers: "Content-Length: 0\r\n")
            #expect(answer.status == 503 && answer.body.contains("FITNESSD_READER_DATABASE_URL"))
        }
    }
}
