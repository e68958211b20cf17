import HTTPTransport
import TestKit
import Testing

/// Requests and answers without failures.
struct ExchangeTests {
    @Test func `a get brings status, headers and body`() async throws {
        try await withServer(script: { _ in [.answer(200, headers: [("X-One", "1")], "hello")] }) { server, client in
            let response = try await client.send(HTTPRequest(url: server.url + "/a?b=c"))
            #expect(response.status == 200)
            #expect(response.headers["x-ONE"] == "1")
            #expect(response.body == Array("hello".utf8))
            let request = try #require(server.requests.first)
            #expect(request.method == "GET")
            #expect(request.target == "/a?b=c")
            #expect(request.header("User-Agent") == "transport-tests/1")
            #expect(request.header("Accept-Encoding") == "gzip")
        }
    }

    @Test(arguments: HTTPMethod.allCases)
    func `every method goes out as named, with the headers and the body given`(method: HTTPMethod) async throws {
        try await withServer(script: { _ in [.answer(200, "ok")] }) { server, client in
            let body = Array("a=1&b=\u{0}2".utf8)
            let request = HTTPRequest(
                method: method, url: server.url, headers: [("Content-Type", "text/x-test"), ("X-Empty", ""), ("X-Full", "yes")], body: body)
            try await #expect(client.text(of: request) == "ok")
            let seen = try #require(server.requests.first)
            #expect(seen.method == method.rawValue)
            #expect(seen.body == body)
            #expect(seen.header("Content-Type") == "text/x-test")
            #expect(seen.header("X-Empty") == "")
            #expect(seen.header("X-Full") == "yes")
            #expect(seen.header("Expect") == nil)
        }
    }

    @Test func `a post without a body says so with its length`() async throws {
        try await withServer(script: { _ in [.answer(200)] }) { server, client in
            _ = try await client.send(HTTPRequest(method: .post, url: server.url))
            _ = try await client.send(HTTPRequest(method: .post, url: server.url, body: []))
            _ = try await client.send(HTTPRequest(method: .delete, url: server.url))
            #expect(server.requests.map(\.method) == ["POST", "POST", "DELETE"])
            #expect(server.requests.prefix(2).allSatisfy { $0.header("Content-Length") == "0" })
        }
    }

    @Test(arguments: [204, 301, 304, 400, 401, 404, 429, 500, 503, 597])
    func `any status is an answer, and no redirect is followed`(status: Int) async throws {
        let location = [("Location", "/elsewhere")]
        try await withServer(script: { _ in [.answer(status, headers: location)] }) { server, client in
            let response = try await client.send(HTTPRequest(url: server.url))
            #expect(response.status == status)
            #expect(server.requests.count == 1)
        }
    }

    @Test func `header names match in any case, and the final header counts`() async throws {
        let interim = "HTTP/1.1 103 Early Hints\r\nX-RateLimit-Limit: 1,1\r\nX-Early: yes\r\n\r\n"
        let final =
            "HTTP/1.1 200 OK\r\nx-ratelimit-LIMIT:  200,2000 \r\nSet-Cookie: a\r\nset-cookie: b\r\nX-Blank:\r\nContent-Length: 0\r\n\r\n"
        try await withServer(script: { _ in [.send(interim + final)] }) { server, client in
            let headers = try await client.send(HTTPRequest(url: server.url)).headers
            #expect(headers["X-RateLimit-Limit"] == "200,2000")
            #expect(headers.all("SET-COOKIE") == ["a", "b"])
            #expect(headers["x-blank"] == "")
            #expect(headers["X-Early"] == nil)
            #expect(headers["X-Absent"] == nil)
        }
    }

    @Test func `a chunked body is reassembled`() async throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunks = "3\r\nabc\r\n10;extension=1\r\n0123456789abcdef\r\n0\r\nX-Trailer: t\r\n\r\n"
        try await withServer(script: { _ in [.send(head), .send(chunks)] }) { server, client in
            try await #expect(client.text(of: HTTPRequest(url: server.url)) == "abc0123456789abcdef")
        }
    }

    @Test func `a gzip body is decompressed`() async throws {
        let packed = GzipBytes.stored("packed and sent")
        try await withServer(script: { _ in [.answer(200, headers: [("Content-Encoding", "gzip")], packed)] }) { server, client in
            try await #expect(client.text(of: HTTPRequest(url: server.url)) == "packed and sent")
        }
    }

    @Test func `one connection serves consecutive requests`() async throws {
        try await withServer(script: { _ in [.answer(200, "x")] }) { server, client in
            for _ in 0..<5 { _ = try await client.send(HTTPRequest(url: server.url)) }
            #expect(server.requests.map(\.connection) == [1, 1, 1, 1, 1])
        }
    }

    @Test func `a body of exactly the limit is accepted`() async throws {
        try await withServer(script: { _ in [.answer(200, String(repeating: "x", count: 100))] }) { server, client in
            let response = try await client.send(HTTPRequest(url: server.url, bodyBytesMax: 100))
            #expect(response.body.count == 100)
        }
    }
}
