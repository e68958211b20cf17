import Foundation
import HTTPTransport
import TestKit
import Testing

/// The ids by which an answer and its log lines are found.
@Suite struct RequestIDTests {
    private func id(_ answer: HTTPResponse) throws -> String {
        let id = try #require(answer.headers["X-Request-Id"])
        #expect(id.wholeMatch(of: #/[0-9a-f]{16}/#) != nil, "\(id)")
        return id
    }

    @Test(arguments: ["/", "/healthz", "/connect", "/nothing-here", "/v1/me", "/metrics"])
    func `each answer has an id, whatever its status, and no two have the same`(path: String) async throws {
        try await withGateway { gateway in
            let first = try id(try await gateway.get(path))
            let second = try id(try await gateway.get(path))
            #expect(first != second)
        }
    }

    @Test(arguments: ["0123456789abcdef", "a\tb", "<script>", String(repeating: "9", count: 64)])
    func `an id that a client sends is not taken over`(theirs: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get("/healthz", headers: [("X-Request-Id", theirs)])
            #expect(try id(answer) != theirs)
        }
    }

    @Test func `the log line of a request that fails has the id of its answer`() async throws {
        let log = LogCapture()
        try await withGateway(logger: log.logger) { gateway in
            let link = try gateway.link()
            await gateway.database.close()
            let answer = try await gateway.get(link, headers: [("X-Request-Id", "0123456789abcdef")])
            #expect(answer.status >= 500)
            let id = try id(answer)
            let lines = log.text.split(separator: "\n").filter { $0.contains("request failed") }
            #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(id) }, "\(lines)")
            #expect(!log.text.contains("0123456789abcdef"))
        }
    }

    @Test func `a web application of another origin may read the id`() async throws {
        try await withGateway(origins: try .init("https://app.example.org")) { gateway in
            let answer = try await gateway.get("/v1/me", headers: [("Origin", "https://app.example.org")])
            #expect(answer.headers["Access-Control-Expose-Headers"]?.contains("X-Request-Id") == true)
        }
    }
}
