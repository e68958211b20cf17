import Core
import Database
import Foundation
import TestKit
import Testing

/// A server that accepts connections and statements and never answers: frozen, or behind an unplugged cable.
@Suite struct SilentServerTests {
    @Test func `a cancelled statement ends in a few seconds on a frozen server`() async throws {
        try await withTestDatabase { database in
            let pid = try await database.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            let statement = Task { try await database.query("SELECT 1") }
            try await Task.sleep(for: .seconds(1))
            let start = ContinuousClock.now
            statement.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await statement.value }
            #expect(error?.code == .cancelled)
            #expect(start.duration(to: .now) < .seconds(10))
        }
    }

    @Test func `a statement of the reserved pool has a time limit, and the next one a fresh connection`() async throws {
        try await withTestDatabase { database in
            let steering = database.reserved(statementMax: .milliseconds(200))
            let pid = try await steering.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            kill(pid, SIGSTOP)
            defer { kill(pid, SIGCONT) }
            let error = await #expect(throws: DatabaseError.self) { try await steering.query("SELECT 1") }
            #expect(error?.code == .unreachable)
            #expect(try await steering.query("SELECT 1").count == 1)
            await steering.close()
        }
    }

    @Test func `a transaction on a frozen server ends when its task is cancelled, at its COMMIT too`() async throws {
        try await withTestDatabase { database in
            let frozen = Frozen()
            let work = Task {
                try await database.transaction { connection in
                    await frozen.freeze(try await connection.query("SELECT pg_backend_pid()")[0].decode(Int32.self))
                }
            }
            try await eventually("it is at its COMMIT") { await frozen.pid != nil }
            try await Task.sleep(for: .milliseconds(100))
            work.cancel()
            let error = await #expect(throws: (any Error).self) { try await work.value }
            #expect((error as? DatabaseError)?.code == .commitUnknown || error?.isCancellation == true)
            await frozen.thaw()
        }
    }

    @Test func `connecting to a silent server ends when it is cancelled`() async throws {
        let (listener, port) = try LoopbackSocket.listen()
        defer { close(listener) }
        let database = Database(url: "postgresql://nobody@127.0.0.1:\(port)/none", logger: quietLogger)
        let statement = Task { try await database.query("SELECT 1") }
        try await Task.sleep(for: .milliseconds(100))
        let start = ContinuousClock.now
        statement.cancel()
        await #expect(throws: (any Error).self) { try await statement.value }
        #expect(start.duration(to: .now) < .seconds(5))
    }

    @Test func `cutting a pool ends all statements in progress`() async throws {
        try await withTestDatabase { database in
            let sleepers = (0..<3).map { _ in Task { try await database.query("SELECT pg_sleep(600)") } }
            try await eventually("they sleep") {
                try await database.query(
                    "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)' AND datname = current_database()"
                ).count == 3
            }
            await database.cut()
            for sleeper in sleepers { await #expect(throws: DatabaseError.self) { try await sleeper.value } }
            let error = await #expect(throws: DatabaseError.self) { try await database.query("SELECT 1") }
            #expect(error?.code == .closed)
        }
    }
}

private actor Frozen {
    var pid: Int32?

    func freeze(_ pid: Int32) {
        kill(pid, SIGSTOP)
        self.pid = pid
    }

    func thaw() { if let pid { kill(pid, SIGCONT) } }
}
