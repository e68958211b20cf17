import Foundation

/// What of this program's migrations a database lacks, told by one small query: for health checks. The files' contents were compared when
/// the daemon started; here their names are.
public struct MigrationCheck: Sendable {
    private let names: Set<String>

    /// - Parameter directory: the share directory, which holds `db/migrations`; it is read once, here.
    public init(directory: URL) throws { names = Set(try MigratorFile.all(in: directory).map(\.name)) }

    /// - Throws: `DatabaseError`, `.migration` when the database is of a newer version than this program.
    public func missing(in database: Database) async throws -> [String] {
        let applied = try await database.query("SELECT name FROM public.fitnessd_migration").map { try $0.decode(String.self) }
        if let unknown = applied.first(where: { !names.contains($0) }) {
            throw DatabaseError(.migration, "this database has \(unknown), which this program does not know: run a newer fitnessd")
        }
        return names.subtracting(applied).sorted()
    }
}
