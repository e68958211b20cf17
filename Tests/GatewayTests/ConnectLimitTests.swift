import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// Limits on open connects.
@Suite struct ConnectLimitTests {
    @Test func `one client's connects don't use up everybody else's`() async throws {
        try await withGateway { gateway in
            try await gateway.addOpenStates(ConnectStates.clientCountMax - 1, client: "203.0.113.7")
            func connect(_ forwarded: String) async throws -> HTTPResponse {
                try await gateway.begin(try gateway.link(), headers: [("X-Forwarded-For", forwarded)], cookies: CookieJar())
            }
            #expect(try await connect("198.51.100.1, 203.0.113.7").status == 303)
            let refused = try await connect("203.0.113.7")
            #expect(refused.status == 429 && refused.headers["Retry-After"] == "600")
            #expect(try await connect("203.0.113.8").status == 303)
            #expect(try await connect("no address").status == 303)
            #expect(try await gateway.begin().status == 303)
            gateway.clock.advance(by: .seconds(600))
            #expect(try await connect("203.0.113.7").status == 303)
        }
    }

    @Test func `expired states are deleted, and their number is limited`() async throws {
        try await withGateway { gateway in
            try await gateway.addOpenStates(ConnectStates.countMax, client: "203.0.113.7")
            let full = try await gateway.begin()
            #expect(full.status == 503 && full.text.contains("try again"))
            gateway.clock.advance(by: .seconds(600))
            #expect(try await gateway.begin().status == 303)
            #expect(try await gateway.openStateCount == 1)
        }
    }
}

extension GatewayFixture {
    fileprivate func addOpenStates(_ count: Int, client: String) async throws {
        _ = try await database.query(
            """
            INSERT INTO sync.connect_state (
                state_sha256, uid, link_id, link_expires_at, created_at, expires_at, browser_sha256, client)
            SELECT sha256(int4send(n)), 'u', '', \(clock.now), \(clock.now), \(clock.now.addingTimeInterval(600)), '', \(client)
            FROM generate_series(1, \(count)::integer) n
            """)
    }
}
