import Core
import Foundation
import HTTPTransport
import Identity
import OwnData
import ServiceLifecycle
import Sync
import TestKit
import Testing
import Web

@testable import Gateway

@Suite struct ServerTests {
    @Test func `health, readiness and the status page answer`() async throws {
        try await withGateway { gateway in
            let health = try await gateway.get("/healthz")
            #expect(health.status == 200 && health.text == "ok\n")
            let ready = try await gateway.get("/readyz")
            #expect(ready.status == 200 && ready.text == "ready\n")
            let page = try await gateway.get("/")
            #expect(page.status == 200 && page.text.contains("<h1>Running; no athlete is connected yet</h1>"))
            #expect(try await gateway.get("/style.css").headers["Content-Type"] == "text/css; charset=utf-8")
        }
    }

    @Test func `a database without its tables is not ready`() async throws {
        try await withGateway(pending: ["0009_x"]) { gateway in
            let ready = try await gateway.get("/readyz")
            #expect(ready.status == 503 && ready.text.contains("1 migrations"))
            let health = try await gateway.get("/healthz")
            #expect(health.status == 200)
        }
    }

    @Test func `without a database the process is healthy but not ready, and pages say try again`() async throws {
        try await withGateway { gateway in
            let link = try gateway.link()
            await gateway.database.close()
            let health = try await gateway.get("/healthz")
            #expect(health.status == 200)
            #expect(try await gateway.get("/readyz").status == 503)
            let connect = try await gateway.get(link)
            #expect(connect.status >= 500 && connect.text.contains("<h1>"))
            #expect(try await gateway.get("/metrics").text == "# metrics\n")
        }
    }

    @Test func `metrics read the database's figures at most every five seconds`() async throws {
        try await withGateway { gateway in
            let metrics = try await gateway.get("/metrics")
            #expect(metrics.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            _ = try await gateway.get("/metrics")
            #expect(gateway.figureReads.value == 1)
            gateway.clock.advance(by: .seconds(5))
            _ = try await gateway.get("/metrics")
            #expect(gateway.figureReads.value == 2)
        }
    }

    @Test(arguments: ["/", "/connect", "/oauth/callback", "/healthz", "/nothing-here"])
    func `every answer has the security headers`(path: String) async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get(path)
            #expect(answer.headers["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true)
            #expect(answer.headers["Cache-Control"] == "no-store")
            #expect(answer.headers["Referrer-Policy"] == (path == "/" ? "same-origin" : "no-referrer"))
            #expect(answer.headers["X-Content-Type-Options"] == "nosniff")
            #expect(!answer.text.lowercased().contains("<script>") && !answer.text.contains("style=\""))
        }
    }

    @Test func `an unknown address gets a page`() async throws {
        try await withGateway { gateway in
            let answer = try await gateway.get("/nothing-here")
            #expect(answer.status == 404 && answer.text.contains("<h1>Not found</h1>"))
        }
    }

    @Test func `oversized targets, headers and bodies are refused`() async throws {
        try await withGateway { gateway in
            let target = try await gateway.get("/connect?uid=" + String(repeating: "a", count: 5000))
            #expect(target.status == 414)
            let header = try await gateway.get("/", headers: [("X-Large", String(repeating: "a", count: 9000))])
            #expect(header.status == 400)
            let headers = try await gateway.get("/", headers: (0..<150).map { ("X-\($0)", "1") })
            #expect(headers.status == 400)
            let body = [UInt8](repeating: 1, count: 65 * 1024)
            let post = try await gateway.browser.send(HTTPRequest(method: .post, url: gateway.base + "/connect", body: body))
            #expect(post.status == 413)
            let alive = try await gateway.get("/healthz")
            #expect(alive.status == 200)
        }
    }

    @Test func `a port that is taken is named in a sentence`() async throws {
        try await withGateway { gateway in
            let port = try #require(URLComponents(string: gateway.base)?.port)
            let second = Gateway(
                addresses: GatewayAddresses(web: ListenAddress(host: "127.0.0.1", port: port), admin: .off),
                publicURL: try PublicURL("http://127.0.0.1:9"), database: gateway.database, strava: gateway.strava,
                keyring: gateway.keyring, settings: GatewaySettings(assistants: .closed), clock: gateway.clock,
                logger: quietLogger,
                authenticator: Authenticator(database: gateway.database, clock: gateway.clock, logger: quietLogger),
                athletes: (AthleteRegistry(database: gateway.database, vault: gateway.vault, clock: gateway.clock), gateway.vault),
                ownData: OwnDataServices(
                    reader: nil, thresholds: ThresholdDesk(database: gateway.database, clock: gateway.clock),
                    requestSync: { _ in throw CancellationError() }, erase: { _ in throw CancellationError() }),
                web: try WebFiles(shareDirectory: checkout, version: ""), control: { _, _, _ in throw CancellationError() },
                register: { _ in throw CancellationError() }, pendingMigrations: { [] }, figures: {})
            let error = await #expect(throws: GatewayError.self) { try await second.run() }
            #expect(error?.code == .addressInUse && error?.description.contains("127.0.0.1:\(port)") == true)
        }
    }
}
