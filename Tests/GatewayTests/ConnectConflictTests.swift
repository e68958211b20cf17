import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import Gateway

/// One uid, one athlete.
@Suite struct ConnectConflictTests {
    private let athlete = GatewayFixture.athlete

    @Test func `an athlete with another uid is not moved, and the page says who can do it`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let refused = try await gateway.connect(athlete, as: "user-2")
            #expect(refused.status == 409 && refused.text.contains("Nothing was changed"))
            #expect(
                refused.text.contains("{&quot;uid&quot;:&quot;user-2&quot;,&quot;athlete_id&quot;:101}") && !refused.text.contains("user-1")
            )
            #expect(try await gateway.uids == ["101 user-1"])
            #expect(try await gateway.connect(athlete, as: "user-1").text.contains("Connected again"))
        }
    }

    @Test func `the uid of another athlete is not taken, and the page says nothing about that athlete`() async throws {
        try await withGateway { gateway in
            _ = try await gateway.connect(athlete, as: "user-1")
            let refused = try await gateway.connect(GatewayFixture.other, as: "user-1")
            #expect(refused.status == 409 && refused.text.contains("fitnessctl athletes import"))
            #expect(refused.text.contains("Athlete 2") && !refused.text.contains("Athlete 1") && !refused.text.contains("101"))
            #expect(try await gateway.uids == ["101 user-1"])
            #expect(try await gateway.tokenCount == 1)
        }
    }

    @Test func `of many athletes who connect under one uid at once, one gets it`() async throws {
        try await withGateway { gateway in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for athlete in [athlete, GatewayFixture.other, athlete, GatewayFixture.other] {
                    group.addTask { try await gateway.connect(athlete, as: "user-1").status }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [200: 2, 409: 2])
            #expect(try await gateway.uids.count == 1)
        }
    }
}

extension GatewayFixture {
    /// Who has which uid.
    fileprivate var uids: [String] {
        get async throws {
            try await database.query("SELECT athlete_id || ' ' || uid FROM sync.athlete ORDER BY athlete_id").map {
                try $0.decode(String.self)
            }
        }
    }
}
