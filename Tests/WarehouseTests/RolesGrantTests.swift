import Database
import TestKit
import Testing

/// The right to read an athlete is granted and revoked in SQL.
@Suite struct RolesGrantTests {
    private func read(_ fixture: RolesFixture, as role: String) async throws -> [Int64] {
        try await fixture.connected(as: role) { try await RolesFixture.athletes(in: "silver.activity", on: $0) }
    }

    @Test func `a revoked athlete is gone with the next query, and so is an erased one`() async throws {
        try await RolesFixture.with { fixture in
            let reader = try await fixture.makeLogin("reader", athletes: [1, 2, 1])
            try await fixture.owner.query("SELECT silver.revoke_athlete(\(reader), 1::bigint)")
            #expect(try await read(fixture, as: reader) == [2])
            try await fixture.owner.query("DELETE FROM sync.athlete WHERE athlete_id = 2")
            #expect(try await fixture.owner.query("SELECT FROM sync.reader_grant").isEmpty)
            #expect(try await read(fixture, as: reader) == [])
        }
    }

    @Test func `a new role with a former role's name gets none of its grants`() async throws {
        try await RolesFixture.with { fixture in
            let former = try await fixture.makeLogin("reader", athletes: [1])
            try await fixture.owner.query("DROP ROLE \(raw: former)")
            let later = try await fixture.makeLogin("reader", athletes: [2])
            #expect(later == former)
            #expect(try await read(fixture, as: later) == [2])
        }
    }

    @Test(arguments: ["fitness_dashboard", "fitnessd", "fitness_owner"])
    func `a role that reads everything can't be granted one athlete`(group: String) async throws {
        try await RolesFixture.with { fixture in
            let role = try await fixture.makeLogin("wide", in: group)
            let error = await #expect(throws: DatabaseError.self) {
                try await fixture.owner.query("SELECT silver.grant_athlete(\(role), 1::bigint)")
            }
            #expect(error?.message == "\(role) has the rights of \(group), which reads every athlete")
        }
    }

    @Test func `a missing role is refused with a sentence`() async throws {
        try await RolesFixture.with { fixture in
            let error = await #expect(throws: DatabaseError.self) {
                try await fixture.owner.query("SELECT silver.grant_athlete('nobody_here', 1)")
            }
            #expect(error?.message == "there is no role nobody_here: make it first with CREATE ROLE … LOGIN")
        }
    }
}
