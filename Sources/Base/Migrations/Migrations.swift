import Database
import Foundation

/// One file of `db/migrations`: `NNNN_verb_noun.sql`.
struct MigrationFile: Sendable, Equatable {
    /// A migration is read into memory whole.
    private static let bytesMax = 4 << 20

    let number: Int
    /// The file's name without `.sql`, number included.
    let name: String
    let text: String

    /// Whether the version before works on with this migration applied: a line of its first comment says so, `-- compatible: why`. Without that
    /// line it does not.
    var isCompatible: Bool {
        text.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("--") }
            .contains { $0.wholeMatch(of: /--\s*compatible:\s*\S.*/) != nil }
    }

    /// All migrations of a share directory in their order.
    ///
    /// - Throws: `DatabaseError(.migration)` for a file that is unreadable, has another name or a number that is taken.
    static func all(in shareDirectory: URL) throws -> [MigrationFile] {
        let folder = shareDirectory.appending(path: "db/migrations")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            throw DatabaseError(.migration, "can't read \(folder.path): set FITNESSD_SHARE_DIR to the folder that holds db/, sql/ and web/")
        }
        let files = try names.filter { $0.hasSuffix(".sql") }.sorted().map { try read(folder.appending(path: $0)) }
        for (former, next) in zip(files, files.dropFirst()) where former.number == next.number {
            throw DatabaseError(.migration, "\(former.name) and \(next.name) have the same number: renumber the newer one")
        }
        return files
    }

    /// The text of `db/after_migration.sql`, which runs at the end of each migration; empty when there is no such file.
    static func afterEach(in shareDirectory: URL) throws -> String {
        let file = shareDirectory.appending(path: "db/after_migration.sql")
        return FileManager.default.fileExists(atPath: file.path) ? try text(of: file) : ""
    }

    private static func read(_ file: URL) throws -> MigrationFile {
        let name = String(file.lastPathComponent.dropLast(".sql".count))
        let words = name.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].count == 4, let number = Int(words[0]), number > 0, !words[1].isEmpty else {
            throw DatabaseError(.migration, "\(file.lastPathComponent) is not named NNNN_verb_noun.sql")
        }
        return MigrationFile(number: number, name: name, text: try text(of: file))
    }

    private static func text(of file: URL) throws -> String {
        guard let data = FileManager.default.contents(atPath: file.path), data.count <= bytesMax,
            let text = String(data: data, encoding: .utf8)
        else { throw DatabaseError(.migration, "\(file.path) can't be read as UTF-8 text of at most 4 MB") }
        return text
    }
}

/// The migrations that a database lacks, decided from the files and from its history. Pure.
struct MigrationPlan {
    /// A row of `public.fitnessd_migration`.
    struct Applied: Sendable, Equatable {
        let number: Int
        let name: String
        let sha256: String
        let isCompatible: Bool
    }

    /// The files with their hashes, in order.
    let files: [(file: MigrationFile, sha256: String)]
    let applied: [Applied]

    /// The files to apply, in order. Migrations of a newer version that are compatible with this one are passed over.
    ///
    /// - Throws: `DatabaseError(.migration)` when history and files disagree; then nothing may be applied.
    func pending() throws -> [MigrationFile] {
        let breaking = applied.filter { !$0.isCompatible }
        try UnknownMigrations(applied: breaking.map(\.name), known: Set(files.map(\.file.name))).refuse()
        for past in applied where files.contains(where: { $0.file.name == past.name && $0.sha256 != past.sha256 }) {
            throw DatabaseError(
                .migration, "\(past.name) was changed after it was applied: restore the file and put the change into a new migration")
        }
        let last = applied.map(\.number).max() ?? 0
        let known = Set(applied.map(\.number))
        let pending = files.map(\.file).filter { !known.contains($0.number) }
        if let late = pending.first(where: { $0.number < last }) {
            throw DatabaseError(
                .migration, "\(late.name) comes before number \(last), which this database already has: give it the next number")
        }
        return pending
    }
}

/// The names of a database's migrations that this program does not have.
private struct UnknownMigrations {
    /// Names in a message.
    private static let namedMax = 3

    private let names: [String]

    init(applied: [String], known: Set<String>) { names = applied.filter { !known.contains($0) } }

    /// - Throws: `DatabaseError(.migration)` when there is one.
    func refuse() throws {
        if names.isEmpty { return }
        let others = names.count > Self.namedMax ? " and \(names.count - Self.namedMax) more" : ""
        throw DatabaseError(
            .migration,
            "this database has \(names.prefix(Self.namedMax).joined(separator: ", "))\(others), which this program does not know: "
                + "run the newer fitnessd that applied them; if they are from before the first release, use a new database")
    }
}

/// The migrations that a database lacks, by name and by one small query: for health checks. The contents of the files are compared at
/// the start.
public struct MigrationCheck: Sendable {
    private let names: Set<String>

    /// - Parameter directory: the share directory, which holds `db/migrations`; it is read once, here.
    public init(directory: URL) throws { names = Set(try MigrationFile.all(in: directory).map(\.name)) }

    /// - Throws: `DatabaseError(.migration)` when this program does not know the last migration of a dump.
    public func requireKnown(schema name: String) throws { try UnknownMigrations(applied: [name], known: names).refuse() }

    /// - Throws: `DatabaseError`; `.migration` when the database has a migration that this program does not know.
    public func missing(in database: Database) async throws -> [String] {
        let applied = try await applied(in: database)
        try UnknownMigrations(applied: applied.filter { !$0.isCompatible }.map(\.name), known: names).refuse()
        return names.subtracting(applied.map(\.name)).sorted()
    }

    /// What a newer version has done to the database, or is about to do.
    public enum Outlook: Sendable, Equatable {
        /// Nothing.
        case current
        /// It has applied these, with which this version works on.
        case newer([String])
        /// It has applied this one, or waits to do so, with which this version does not work.
        case breaking(String)
    }

    /// An announcement that is older, in seconds, was left by a migrator that ended.
    private static let announcedMax_s = 30

    public func outlook(in database: Database) async throws -> Outlook {
        let announced = try await database.query(
            """
            SELECT name FROM public.fitnessd_upgrade WHERE announced_at > now() - make_interval(secs => \(Self.announcedMax_s)::integer)
            """
        ).map { try $0.decode(String.self) }
        let unknown = try await applied(in: database).filter { !names.contains($0.name) }
        if let breaking = unknown.first(where: { !$0.isCompatible })?.name ?? announced.first(where: { !names.contains($0) }) {
            return .breaking(breaking)
        }
        return unknown.isEmpty ? .current : .newer(unknown.map(\.name))
    }

    private func applied(in database: Database) async throws -> [(name: String, isCompatible: Bool)] {
        try await database.query("SELECT name, is_compatible FROM public.fitnessd_migration ORDER BY number").map {
            try $0.decode(String.self, Bool.self)
        }
    }
}
