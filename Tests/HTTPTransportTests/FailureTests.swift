import Core
import Foundation
import HTTPTransport
import TestKit
import Testing

/// The code of each failure, and whether the server may have acted on the request, on which the quota and the token refresh depend.
struct FailureTests {
    private func check(
        _ error: HTTPTransportError?, _ code: HTTPTransportError.Code, reached: Bool, _ place: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == code, sourceLocation: place)
        #expect(error?.mayHaveReachedServer == reached, sourceLocation: place)
    }

    @Test func `a host that cannot be resolved has received nothing`() async throws {
        try await withServer(script: { _ in [] }) { _, client in
            // A label may have 63 letters at most, so no resolver is asked.
            let host = String(repeating: "a", count: 64) + ".invalid"
            check(await client.failure(of: HTTPRequest(url: "http://\(host)/")), .resolve, reached: false)
        }
    }

    @Test func `a closed port has received nothing`() async throws {
        let port = try deafPort()
        try await withServer(script: { _ in [] }) { _, client in
            check(await client.failure(of: HTTPRequest(url: "http://127.0.0.1:\(port)/")), .connect, reached: false)
        }
    }

    @Test func `a server that stays silent after the request times out`() async throws {
        let gate = Gate()
        try await withServer(script: { _ in [.wait(gate)] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url, timeout: .seconds(3))), .timeout, reached: true)
            gate.open()
        }
    }

    @Test func `a server that sends half an answer and stops times out`() async throws {
        let gate = Gate()
        let half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"
        try await withServer(script: { _ in [.send(half), .wait(gate)] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url, timeout: .seconds(3))), .timeout, reached: true)
            gate.open()
        }
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ])
    func `a connection that ends before the answer does is a reset`(beginning: String) async throws {
        try await withServer(script: { _ in [.send(beginning), .close] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url)), .reset, reached: true)
        }
        try await withServer(script: { _ in [.send(beginning), .reset] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url)), .reset, reached: true)
        }
    }

    @Test(arguments: HTTPMethod.allCases)
    func `a request on a kept-alive connection that dies is not sent a second time`(method: HTTPMethod) async throws {
        try await withServer(script: { $0.target == "/first" ? [.answer(200)] : [.close] }) { server, client in
            _ = try await client.send(HTTPRequest(url: server.url + "/first"))
            check(await client.failure(of: HTTPRequest(method: method, url: server.url + "/second")), .reset, reached: true)
            #expect(server.requests.map(\.target) == ["/first", "/second"])
            #expect(server.requests.map(\.connection) == [1, 1])
            _ = try await client.send(HTTPRequest(url: server.url + "/first"))
            #expect(server.requests.last?.connection == 2 || server.requests.last?.connection == 3)
        }
    }

    @Test func `an answer that is too long by its own length is refused at once`() async throws {
        let gate = Gate()
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n"
        try await withServer(script: { _ in [.send(head), .wait(gate)] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url, bodyBytesMax: 100)), .bodyTooLarge, reached: true)
            gate.open()
        }
    }

    @Test func `an answer without a length is stopped at the limit`() async throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunk = "65\r\n\(String(repeating: "x", count: 101))\r\n"
        let gate = Gate()
        try await withServer(script: { _ in [.send(head), .send(chunk), .wait(gate)] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url, bodyBytesMax: 100)), .bodyTooLarge, reached: true)
            check(await client.failure(of: HTTPRequest(url: server.url, bodyBytesMax: 0)), .bodyTooLarge, reached: true)
            gate.open()
        }
    }

    @Test func `a small answer that decompresses to a huge one is stopped at the limit`() async throws {
        let bomb = GzipBytes.bomb(count: 200 << 20)
        #expect(bomb.count < 2 << 20)
        try await withServer(script: { _ in [.answer(200, headers: [("Content-Encoding", "gzip")], bomb)] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url, bodyBytesMax: 4 << 20)), .bodyTooLarge, reached: true)
        }
    }

    @Test func `a flood of headers is stopped`() async throws {
        let flood = (0..<2_000).map { "X-Flood-\($0): \(String(repeating: "f", count: 40))\r\n" }.joined()
        try await withServer(script: { _ in [.send("HTTP/1.1 200 OK\r\n\(flood)Content-Length: 0\r\n\r\n")] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url)), .malformed, reached: true)
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
    ])
    func `an answer that is not HTTP is malformed`(answer: String) async throws {
        try await withServer(script: { _ in [.send(answer), .close] }) { server, client in
            check(await client.failure(of: HTTPRequest(url: server.url)), .malformed, reached: true)
        }
    }

    @Test(arguments: [
        "", "no address", "ftp://127.0.0.1/x", "file:///etc/hostname", "http://", "http://user:word@127.0.0.1:1/",
        "http://127.0.0.1:1/a\nb",
    ])
    func `a forbidden address is refused before anything is sent`(url: String) async throws {
        try await withServer(script: { _ in [] }) { _, client in
            check(await client.failure(of: HTTPRequest(url: url)), .malformed, reached: false)
        }
    }

    @Test func `a header that contains a line break is refused`() async throws {
        try await withServer(script: { _ in [.answer(200)] }) { server, client in
            for header in [("X-A", "1\r\nX-B: 2"), ("X-A\r\nX-B", "1"), ("", "1"), ("X-A:", "1"), ("X-A", "\u{0}")] {
                check(await client.failure(of: HTTPRequest(url: server.url, headers: [header])), .malformed, reached: false)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `an error contains no address, header or body`() async throws {
        let answer = "HTTP/1.1 200 OK\r\nX-Answer: geheim\r\nContent-Length: 50\r\n\r\ngeheim"
        try await withServer(script: { _ in [.send(answer), .reset] }) { server, client in
            let urls = [
                server.url + "/geheim?geheim=1", "http://geheim:geheim@127.0.0.1:\(server.port)/",
                "http://geheim.\(String(repeating: "a", count: 64))/",
            ]
            for url in urls {
                let request = HTTPRequest(method: .post, url: url, headers: [("Authorization", "geheim")], body: Array("geheim".utf8))
                let error = try #require(await client.failure(of: request))
                var dumped = ""
                dump(error, to: &dumped)
                dump(request, to: &dumped)
                let texts = [
                    dumped, "\(error)", String(reflecting: error), error.localizedDescription, "\(request)", String(reflecting: request),
                ]
                #expect(texts.allSatisfy { !$0.contains("geheim") && !$0.contains("127.0.0.1") })
            }
        }
    }

    @Test(arguments: HTTPTransportError.Code.allCases)
    func `every error has a description and an advice`(code: HTTPTransportError.Code) {
        let error = HTTPTransportError(code: code, mayHaveReachedServer: false, curlCode: 7)
        #expect(error.description == "http request failed: \(code.rawValue), libcurl 7; the server has not received it")
        let isFinal = [.bodyTooLarge, .malformed, .closed].contains(code)
        #expect(error.retryAdvice == (isFinal ? .never : .retry))
    }
}
