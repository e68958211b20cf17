import Database
import Foundation
import SyncStore
import Synchronization
import TestKit
import Testing

@testable import Sync

/// All transactions lock rows in the order of `RowLock`.
@Suite struct LockOrderTests {
    /// How often each transaction runs beside each other one.
    private static let rounds = 2

    @Test(.timeLimit(.minutes(4))) func `no two transactions wait for each other, and each change of a state is an allowed one`()
        async throws
    {
        let deadlocks = try await deadlocks { database in
            let transactions = try await Transactions(database)
            try await forbidOtherTransitions(in: database)
            let all = transactions.all
            let round = Atomic(1)
            for (place, one) in all.enumerated() {
                for other in all[place...] { try await run([one, other], round) }
            }
            await transactions.shutdown()
        }
        #expect(deadlocks == 0)
    }

    /// From here on a change of a state that may not follow fails the statement.
    private func forbidOtherTransitions(in database: Database) async throws {
        let completeness = CompletenessState.allCases.flatMap { state in state.next.map { "\(state.rawValue)>\($0.rawValue)" } }
        let athlete = AthleteState.allCases.flatMap { state in state.next.map { "\(state.rawValue)>\($0.rawValue)" } }
        try await database.withConnection { connection in
            for (table, allowed) in [("completeness", completeness), ("athlete_object", completeness), ("athlete", athlete)] {
                let list = allowed.map { "'\($0)'" }.joined(separator: ", ")
                try await connection.execute(
                    """
                    CREATE FUNCTION check_\(table)() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                        IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[\(list)]) THEN
                            RAISE '\(table): % may not become %', OLD.state, NEW.state USING ERRCODE = '23514';
                        END IF;
                        RETURN NEW;
                    END $$;
                    CREATE TRIGGER check_state BEFORE UPDATE ON sync.\(table) FOR EACH ROW
                        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_\(table)()
                    """)
            }
        }
    }

    private func run(_ pair: [(name: String, body: Transactions.Body)], _ round: borrowing Atomic<Int>) async throws {
        let first = round.add(pair.count * Self.rounds, ordering: .relaxed).oldValue
        await withDiscardingTaskGroup { group in
            for (place, one) in pair.enumerated() {
                group.addTask {
                    for turn in 0..<Self.rounds {
                        do {
                            try await one.body(first + place * Self.rounds + turn)
                        } catch is SyncError {
                            // The other one took what this one was about.
                        } catch {
                            Issue.record("\(one.name), beside \(pair[1 - place].name): \(error)")
                        }
                    }
                }
            }
        }
    }

    @Test func `a deadlock would be seen`() async throws {
        let deadlocks = try await deadlocks { database in
            try await database.query("INSERT INTO sync.setting (key, value) VALUES ('one', '1'), ('two', '2')")
            await withDiscardingTaskGroup { group in
                for keys in [["one", "two"], ["two", "one"]] {
                    group.addTask { await #expect(throws: Never.self) { try await lock(keys, in: database) } }
                }
            }
        }
        #expect(deadlocks == 1)
    }

    /// Locks the settings one after the other; a deadlock is nothing to fail for.
    private func lock(_ keys: [String], in database: Database) async throws {
        do {
            try await database.transaction { connection in
                for key in keys {
                    try await connection.query("SELECT FROM sync.setting WHERE key = \(key) FOR UPDATE")
                    try await connection.query("SELECT pg_sleep(0.2)")
                }
            }
        } catch let error as DatabaseError where error.code == .serialization {}
    }

    /// Runs `body` on a server that looks for deadlocks after 10 ms; answers how many it resolved, those included that were retried.
    private func deadlocks(_ body: (Database) async throws -> Void) async throws -> Int {
        try await withTestDatabaseURL { url in
            let control = Database(url: url, connectionsMax: 1, logger: quietLogger)
            let name = try await control.query("SELECT current_database()::text")[0].decode(String.self)
            try await control.query("ALTER DATABASE \(raw: name) SET deadlock_timeout = '10ms'")
            let database = Database(url: url, logger: quietLogger)
            try await body(database)
            await database.close()
            // A connection reports what it counted when it ends.
            try await eventually("connections are closed") {
                let others: SQL = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                return try await control.query(others)[0].decode(Int.self) == 0
            }
            let count = try await control.query("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
            await control.close()
            return try count[0].decode(Int.self)
        }
    }
}
