extension Database {
    /// Other connections that are opened to see whether one of them is given our session.
    private static let othersMax = 4

    /// A pooler that gives each transaction another session of the server (PgBouncer's `pool_mode = transaction`) loses what a connection has
    /// set up: settings, prepared statements, LISTEN.
    ///
    /// PostgreSQL announces the number of the process that a connection talks to; a pooler announces one of its own. Only then do we look
    /// whether the session stays ours while others, one after the other, each begin a transaction.
    /// - Throws: `DatabaseError(.statement)` with a sentence that says what to do.
    public func requireOwnSession() async throws {
        let watched = try await Connection.opened(conninfo, applicationName: applicationName)
        var others: [Connection] = []
        let result: Result<Void, any Error>
        do {
            result = .success(try await watch(watched, &others))
        } catch let error as DatabaseError where Self.lostStatement.contains(error.sqlState ?? "") {
            result = .failure(Self.sharedSession)
        } catch let error as DatabaseError where error.code == .unreachable {
            // PgBouncer's `pool_mode = statement` ends a connection that begins a transaction, and takes the next one all the same.
            result = .failure(await isServed() ? Self.sharedSession : error)
        } catch { result = .failure(error) }
        for connection in others + [watched] { await connection.close() }
        try result.get()
    }

    private func isServed() async -> Bool {
        guard let probe = try? await Connection.opened(conninfo, applicationName: applicationName) else { return false }
        await probe.close()
        return true
    }

    private func watch(_ watched: Connection, _ others: inout [Connection]) async throws {
        let process = try await watched.serverProcess()
        if await watched.announcedProcess() == process { return }
        for _ in 0..<Self.othersMax {
            let other = try await Connection.opened(conninfo, applicationName: applicationName)
            others.append(other)
            do {
                try await other.execute("BEGIN; SELECT 1")
                if try await watched.serverProcess() == process { continue }
            } catch let error as DatabaseError where error.code == .statement {
                // The other session does not know our prepared statement, or BEGIN is not allowed.
            }
            throw Self.sharedSession
        }
    }

    /// A prepared statement that is another session's, or that this one doesn't know (PostgreSQL documentation, Appendix A).
    private static let lostStatement = ["42P05", "26000"]

    private static let sharedSession = DatabaseError(
        .statement,
        "FITNESSD_DATABASE_URL leads to a pooler that gives each transaction another session of the server (PgBouncer: pool_mode = transaction): "
            + "connect to PostgreSQL itself, or set pool_mode = session for this database")
}

extension Connection {
    fileprivate static func opened(_ conninfo: String, applicationName: String) async throws -> Connection {
        let connection = Connection(conninfo, applicationName: applicationName)
        try await connection.open()
        return connection
    }

    /// The server's process that this connection talks to at this moment.
    fileprivate func serverProcess() async throws -> Int32 {
        guard let row = try await query("SELECT pg_backend_pid()").first else { throw DatabaseError(.decoding, "no number of a process") }
        return try row.decode(Int32.self)
    }
}
