import Core
import Foundation
import Migrations
import TestKit
import Testing

@testable import Database

/// Waiting for a connection, and the replacement of broken ones.
@Suite struct PoolTests {
    @Test func `a caller that waits too long for a connection is refused, and the next one gets it`() async throws {
        try await withTestDatabaseURL { url in
            let database = Database(url: url, connectionsMax: 1, waitMax: .milliseconds(50), logger: quietLogger)
            try await database.withConnection { _ in
                let error = await #expect(throws: DatabaseError.self) { try await database.query("SELECT 1") }
                #expect(error?.code == .busy && error?.retryAdvice == .retry)
            }
            #expect(try await database.query("SELECT 1").count == 1)
            await database.close()
        }
    }

    @Test func `one waiter more than allowed is refused at once`() async throws {
        try await withTestDatabaseURL { url in
            let pool = ConnectionPool(.init(connectionsMax: 1, waitersMax: 2)) { Connection(url, applicationName: "test") }
            let held = try await pool.lease()
            let waiting = [0, 1].map { _ in Task { try await pool.release(pool.lease()) } }
            try await eventually("two wait") { await pool.waiterCount == 2 }
            let error = await #expect(throws: DatabaseError.self) { _ = try await pool.lease() }
            #expect(error?.code == .busy)
            await pool.release(held)
            for task in waiting { try await task.value }
            await pool.close()
        }
    }

    @Test func `while connections are held callers wait, and statements under way end first`() async throws {
        try await withTestDatabaseURL { url in
            let pool = ConnectionPool(.init(connectionsMax: 2)) { Connection(url, applicationName: "test") }
            let lent = try await pool.lease()
            await pool.hold(patience: .zero)
            let waiting = Task { try await pool.release(pool.lease()) }
            try await eventually("the caller waits although a connection is free") { await pool.waiterCount == 1 }
            let hold = Task { await pool.hold(patience: .seconds(60)) }
            await pool.release(lent)
            await hold.value
            #expect(await pool.waiterCount == 1, "the connection that came back is not lent again")
            await pool.resume()
            try await waiting.value
            await pool.resume()
            #expect(await pool.waiterCount == 0)
            await pool.close()
        }
    }

    @Test func `a hold ends after its patience, whoever keeps a connection`() async throws {
        try await withTestDatabase { database in
            try await database.withConnection { connection in
                await database.hold(patience: .milliseconds(20))
                try await connection.query("SELECT 1")
            }
            await database.resume()
            #expect(try await database.query("SELECT 1").count == 1)
        }
    }

    @Test func `the shares of all parts fit into their pools, and into PostgreSQL's default`() {
        let long = [
            ConnectionShares.silver, ConnectionShares.rebuild, ConnectionShares.landing, ConnectionShares.retention,
            ConnectionShares.erasures, ConnectionShares.refreshes, ConnectionShares.exports, ConnectionShares.counts,
        ]
        #expect(ConnectionShares.general - long.reduce(0, +) >= 2, "something is left for short statements")
        #expect(ConnectionShares.steering >= 3)
        // Two daemons and other clients, of the 60 connections of a private cluster or the 100 of a server at its defaults.
        #expect(2 * ConnectionShares.all <= 56)
        #expect(ConnectionShares.all == 28, "the readme names the number")
        #expect(ConnectionShares.reader == 6, "the readme names the number")
    }

    @Test func `the reserved pool answers while the general one is exhausted`() async throws {
        try await withTestDatabaseURL { url in
            let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
            let steering = database.reserved()
            let rows = try await database.withConnection { _ in try await steering.query("SELECT 1") }
            #expect(rows.count == 1)
            await steering.close()
            await database.close()
        }
    }

    @Test func `connections that died while idle cost no caller an error`() async throws {
        try await withTestDatabase { database in
            let pids = try await backends(5, of: database)
            try await withTestDatabaseURL { other in
                let admin = Database(url: other, connectionsMax: 1, logger: quietLogger)
                try await admin.query("SELECT pg_terminate_backend(pid) FROM unnest(\(pids)) AS b(pid)")
                try await eventually("they are gone") {
                    try await admin.query("SELECT 1 FROM pg_stat_activity WHERE pid = ANY (\(pids))").isEmpty
                }
                await admin.close()
            }
            for _ in 0..<5 { #expect(try await database.query("SELECT 1").count == 1) }
        }
    }

    @Test func `actions added for a COMMIT run after it, and not when the transaction fails`() async throws {
        try await withTestDatabase { database in
            let done = Done()
            try await database.query("CREATE TABLE t (id int PRIMARY KEY)")
            try await database.transaction { connection in
                await connection.afterCommit {
                    let seen = try? await database.withConnection { try await $0.query("SELECT id FROM t").count }
                    await done.add("committed, \(seen ?? -1) row")
                }
                try await connection.query("INSERT INTO t VALUES (1)")
                #expect(await done.all.isEmpty)
            }
            #expect(await done.all == ["committed, 1 row"])
            await #expect(throws: DatabaseError.self) {
                try await database.transaction { connection in
                    await connection.afterCommit { await done.add("never") }
                    try await connection.query("INSERT INTO t VALUES (1)")
                }
            }
            #expect(await done.all.count == 1)
        }
    }

    @Test func `a COMMIT whose answer was lost is distinguished from one that failed`() async throws {
        try await withTestDatabase { database in
            try await database.query("CREATE TABLE t (id int PRIMARY KEY, other int REFERENCES t DEFERRABLE INITIALLY DEFERRED)")
            let failed = await #expect(throws: DatabaseError.self) {
                try await database.transaction { _ = try await $0.query("INSERT INTO t VALUES (1, 2)") }
            }
            #expect(failed?.code == .constraint)
            // A deferred trigger runs within COMMIT and terminates its own connection.
            try await database.withConnection {
                try await $0.execute(
                    """
                    CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); RETURN NULL; END $$;
                    CREATE CONSTRAINT TRIGGER hang_up AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
                        FOR EACH ROW EXECUTE FUNCTION hang_up()
                    """)
            }
            let lost = await #expect(throws: DatabaseError.self) {
                try await database.transaction { _ = try await $0.query("INSERT INTO t VALUES (1, 1)") }
            }
            #expect(lost?.code == .commitUnknown)
        }
    }

    @Test func `a transaction whose body hides a statement's error does not count as committed`() async throws {
        try await withTestDatabase { database in
            let error = await #expect(throws: DatabaseError.self) {
                try await database.transaction { connection in
                    do { try await connection.query("SELECT 1 / \(0)") } catch {}
                }
            }
            #expect(error?.code == .statement)
        }
    }

    @Test func `a full disk is remembered until a table can grow again`() async throws {
        try await withTestDatabase { database in
            try await database.query("CREATE TABLE t (id int)")
            for mends in [true, false] {
                await #expect(throws: DatabaseError.self) {
                    try await database.withConnection {
                        try await $0.execute("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$")
                    }
                }
                #expect(database.isDiskFull)
                try await database.query("UPDATE t SET id = 2")
                #expect(database.isDiskFull, "what changes in place shows nothing")
                if mends { try await database.query("INSERT INTO t VALUES (1)") } else { try await database.reserved().checkDisk() }
                #expect(!database.isDiskFull)
            }
        }
    }

    @Test func `the health check finds missing migrations by their names alone`() async throws {
        let check = try MigrationCheck(directory: checkout)
        try await withTestDatabase { database in
            #expect(try await check.missing(in: database) == [])
            let last = try await database.query("DELETE FROM public.fitnessd_migration WHERE number = 1 RETURNING name")
            #expect(try await check.missing(in: database) == [try last[0].decode(String.self)])
            try await database.query("INSERT INTO public.fitnessd_migration (number, name, sha256) VALUES (9999, '9999_from_tomorrow', '')")
            let error = await #expect(throws: DatabaseError.self) { try await check.missing(in: database) }
            #expect(error?.code == .migration)
        }
    }

    /// The server's process ids of `count` idle connections in the pool.
    private func backends(_ count: Int, of database: Database) async throws -> [Int32] {
        let pids = try await withThrowingTaskGroup(of: Int32.self) { group in
            for _ in 0..<count {
                group.addTask { try await database.query("SELECT pg_backend_pid(), pg_sleep(0.2)")[0].column(0) }
            }
            return try await group.reduce(into: Set<Int32>()) { $0.insert($1) }
        }
        #expect(pids.count == count)
        return Array(pids)
    }
}

private actor Done {
    var all: [String] = []

    func add(_ one: String) { all.append(one) }
}
