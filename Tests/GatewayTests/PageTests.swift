import Foundation
import Testing

@testable import Gateway

@Suite struct PageTests {
    @Test func `interpolated text is escaped once`() {
        let hostile = "<b a=\"1\" c='2'>&amp;"
        let piece: HTML = "<p>\(hostile)</p>"
        #expect(piece.text == "<p>&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;</p>")
        let page: HTML = "<div>\(piece)\(7)</div>"
        #expect(page.text == "<div>\(piece.text)7</div>")
    }

    @Test func `assets are kept for an hour and asked for again with their tag`() async throws {
        try await withGateway { gateway in
            let style = try await gateway.get("/assets/style.css?v=1")
            #expect(style.status == 200 && style.headers["Content-Type"] == "text/css; charset=utf-8")
            #expect(style.headers["Cache-Control"] == "public, max-age=3600" && style.headers["X-Content-Type-Options"] == "nosniff")
            let tag = try #require(style.headers["ETag"])
            let again = try await gateway.get("/assets/style.css", headers: [("If-None-Match", tag)])
            #expect(again.status == 304 && again.body.isEmpty)
            for name in ["nothing.css", "..%2Ftemplates%2Flayout.mustache", "%2e%2e", ""] {
                #expect(try await gateway.get("/assets/\(name)").status == 404, "\(name)")
            }
        }
    }
}
