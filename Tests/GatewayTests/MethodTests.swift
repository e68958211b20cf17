import Foundation
import TestKit
import Testing

@testable import Gateway

@Suite struct MethodTests {
    private static let paths = ["/", "/metrics", "/style.css", "/healthz", "/readyz", "/connect?uid=user-1", "/connect", "/oauth/callback"]

    @Test(arguments: paths + ["/connected/\(String(repeating: "0f", count: 32))", "/nothing-here", "/connected/x"])
    func `HEAD is answered like GET, without a body`(path: String) async throws {
        try await withGateway { gateway in
            let get = try await RawClient.ask("GET", path, gateway.base)
            let head = try await RawClient.ask("HEAD", path, gateway.base)
            #expect(head.status == get.status && head.body.isEmpty)
            func lengths(_ head: String) -> [Substring] { head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("content-") } }
            #expect(lengths(head.head) == lengths(get.head))
        }
    }

    @Test func `the next answer on the connection follows HEAD's directly`() async throws {
        try await withGateway { gateway in
            let client = try RawClient(gateway.base)
            client.send("HEAD /nothing-here HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let answers = await client.readAll().components(separatedBy: "\r\n\r\n")
            #expect(
                answers.count == 3 && answers[0].hasPrefix("HTTP/1.1 404") && answers[1].hasPrefix("HTTP/1.1 200") && answers[2] == "ok\n")
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
    func `a method that a path does not accept is answered with those it accepts`(method: String) async throws {
        try await withGateway { gateway in
            for path in Self.paths + ["/connect/", "/connected/x"] {
                let hasForm = path.hasPrefix("/connect")
                if hasForm, method == "POST" { continue }
                let answer = try await RawClient.ask(method, path, gateway.base)
                let allowed = "Allow: GET, HEAD\(hasForm ? ", POST" : "")\r\n"
                #expect(answer.status == 405 && answer.head.contains(allowed), "\(method) \(path): \(answer.head)")
            }
            #expect(try await RawClient.ask(method, "/nothing-here", gateway.base).status == 404)
        }
    }

    @Test func `a secret path does not reveal itself by its methods`() async throws {
        try await withGateway { gateway in
            let known = try await RawClient.ask("DELETE", "/webhooks/strava/" + gateway.webhook.pathSecret.reveal(), gateway.base)
            #expect(known.status == 405 && known.head.contains("Allow: GET, HEAD, POST\r\n"))
            for method in ["GET", "HEAD", "POST", "DELETE"] {
                #expect(try await RawClient.ask(method, "/webhooks/strava/guessed", gateway.base).status == 404)
            }
        }
    }

    @Test func `figures are served at their own address and not at the public one`() async throws {
        try await withGateway(admin: .own(ListenAddress(host: "127.0.0.1", port: 0))) { gateway in
            let admin = try #require(gateway.adminBase)
            for path in ["/", "/metrics"] {
                #expect(try await gateway.get(path).status == 404)
                #expect(try await gateway.get(admin + path).status == 200)
            }
            for path in ["/connect?uid=user-1", "/oauth/callback", "/webhooks/strava/" + gateway.webhook.pathSecret.reveal()] {
                #expect(try await gateway.get(admin + path).status == 404)
            }
            for base in [gateway.base, admin] {
                for path in ["/healthz", "/readyz", "/style.css"] { #expect(try await gateway.get(base + path).status == 200) }
            }
        }
    }
}
