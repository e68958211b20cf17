import Core
import Foundation
import TestKit
import Testing

@testable import Database

/// db/roles.sql, tested as the roles that it makes.
@Suite struct RolesTests {
    private func withRoles(_ body: (Database) async throws -> Void) async throws {
        try await withTestDatabase { database in
            // Twice: it may be run again.
            for _ in 0..<2 { try await makeRoles(in: database) }
            try await body(database)
        }
    }

    /// Whether `role` may run `statement`, which is rolled back.
    private func may(_ role: String, _ statement: SQL, in database: Database) async throws -> Bool {
        struct Undo: Error {}
        do {
            try await database.transaction { connection in
                _ = try await connection.query("SET LOCAL ROLE \(raw: role)")
                _ = try await connection.query(statement)
                throw Undo()
            }
        } catch is Undo {
            return true
        } catch let error as DatabaseError where error.sqlState == "42501" {
            return false
        }
        return true
    }

    @Test func `a dashboard reads silver and nothing else`() async throws {
        try await withRoles { database in
            _ = try await database.query("CREATE TABLE silver.roles_test (n bigint)")
            _ = try await database.query("ALTER TABLE silver.roles_test OWNER TO fitness_owner")
            let reads = try await may("fitness_dashboard", "SELECT * FROM silver.roles_test", in: database)
            #expect(reads)
            let forbidden: [SQL] = [
                "INSERT INTO silver.roles_test VALUES (1)", "SELECT * FROM sync.athlete", "SELECT * FROM public.fitnessd_migration",
                "CREATE TABLE silver.mine ()", "CREATE TABLE public.mine ()", "CREATE TEMPORARY TABLE mine ()", "CREATE SCHEMA mine",
                "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_xact_lock(1)",
                "SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_notify('sync', '')", "SELECT pg_read_file('/etc/passwd')",
            ]
            for statement in forbidden {
                let may = try await may("fitness_dashboard", statement, in: database)
                #expect(!may, "\(statement)")
            }
        }
    }

    @Test func `the daemon reads and writes rows and makes no tables`() async throws {
        try await withRoles { database in
            let allowed: [SQL] = [
                "INSERT INTO sync.athlete (athlete_id) VALUES (1)", "UPDATE sync.athlete SET uid = 'x'", "DELETE FROM sync.athlete",
                "SELECT * FROM public.fitnessd_migration", "CREATE TEMPORARY TABLE mine ()",
            ]
            for statement in allowed {
                let may = try await may("fitnessd", statement, in: database)
                #expect(may, "\(statement)")
            }
            let forbidden: [SQL] = [
                "CREATE TABLE sync.mine ()", "DROP TABLE sync.athlete", "CREATE SCHEMA mine", "CREATE TABLE public.mine ()",
                "DELETE FROM public.fitnessd_migration", "ALTER TABLE sync.athlete ADD mine int", "CREATE ROLE mine",
            ]
            for statement in forbidden {
                let may = try await may("fitnessd", statement, in: database)
                #expect(!may, "\(statement)")
            }
        }
    }

    @Test func `tables of later migrations are covered`() async throws {
        try await withRoles { database in
            try await database.withConnection { connection in
                try await connection.execute("SET ROLE fitness_owner; CREATE TABLE silver.later (n bigint); RESET ROLE")
            }
            let reads = try await may("fitness_dashboard", "SELECT * FROM silver.later", in: database)
            let writes = try await may("fitnessd", "INSERT INTO silver.later VALUES (1)", in: database)
            #expect(reads && writes)
        }
    }
}
