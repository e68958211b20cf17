extension Migrator {
    /// Into how many partitions a table may be divided.
    public static let partitionCounts = 2...1024

    /// Divides the large tables into partitions by hash of athlete_id, with all they hold, in one transaction: db/partition_by_athlete.sql.
    /// - Returns: the tables that were divided, by name; empty when all were in so many partitions already.
    /// - Throws: `DatabaseError(.migration)` with what stands in the way; nothing is changed then.
    public func partition(into count: Int) async throws -> [String] {
        let script = try MigratorFile.partitioning(in: directory)
        return try await database.transaction { connection in
            _ = try await connection.query("SELECT pg_advisory_xact_lock(\(Self.lockKey))")
            _ = try await connection.query("SELECT set_config('fitnessd.partitions', \(String(count)), true)")
            let before = try await partitions(on: connection)
            do {
                try await connection.execute(script)
            } catch let error as DatabaseError where error.code == .statement {
                throw DatabaseError(.migration, error.message, sqlState: error.sqlState)
            }
            return try await partitions(on: connection).filter { before[$0.key] != $0.value }.keys.sorted()
        }
    }

    /// How many partitions each table has that has any.
    private func partitions(on connection: Connection) async throws -> [String: Int] {
        let rows = try await connection.query(
            """
            SELECT format('%s.%s', n.nspname, p.relname), count(*)
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
            WHERE p.relkind = 'p' GROUP BY 1
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(String.self, Int.self) })
    }
}
