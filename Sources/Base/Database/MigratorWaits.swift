import Core
import Logging
import Synchronization

/// Says in the log whom a migration waits for: another migrator, or somebody whose open transaction holds a table that is to be changed.
struct MigratorWaits: Sendable {
    /// The server's process that migrates, once it is known.
    final class Session: Sendable {
        fileprivate let pid = Mutex<Int32?>(nil)

        func begins(on connection: Connection) async throws {
            let row = try await connection.query("SELECT pg_backend_pid()").first
            let number = try row?.decode(Int32.self)
            pid.withLock { $0 = number }
        }
    }

    /// A migration that goes on within this time says nothing.
    private static let patience = Duration.seconds(3)
    /// Holders that are named; there may be as many as connections.
    private static let holdersMax = 5

    let database: Database
    let logger: Logger

    func told<Answer: Sendable>(_ body: @escaping @Sendable (Session) async throws -> Answer) async throws -> Answer {
        let session = Session()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch(session) }
            defer { group.cancelAll() }
            return try await body(session)
        }
    }

    /// Looks on a connection of its own; when there is none, or no answer, nothing is said.
    private func watch(_ session: Session) async {
        var told: String?
        while (try? await Task.sleep(for: Self.patience)) != nil {
            guard let pid = session.pid.withLock(\.self), let holders = try? await holders(of: pid), holders != told else { continue }
            told = holders
            logger.log(.notice, "migration waits for a lock that others hold", [.reason: holders])
        }
    }

    /// Nil: it waits for nobody.
    private func holders(of pid: Int32) async throws -> String? {
        let rows = try await database.query(
            """
            SELECT format('process %s of %s%s', a.pid, coalesce(a.usename, '?'), coalesce(' (' || nullif(a.application_name, '') || ')', ''))
            FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids(\(pid))) ORDER BY a.pid LIMIT \(Self.holdersMax)
            """)
        let names = try rows.map { try $0.decode(String.self) }
        return names.isEmpty ? nil : names.joined(separator: ", ")
    }
}
