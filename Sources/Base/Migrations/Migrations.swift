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

    /// All migrations of a share directory in their order.
    ///
    /// - Throws: `DatabaseError(.migration)` for a file that is unreadable, has another name or a number that is taken.
    static func all(in shareDirectory: URL) throws -> [MigrationFile] {
        let folder = shareDirectory.appending(path: "db/migrations")
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
            throw DatabaseError(.migration, "can't read \(folder.path): set FITNESSD_SHARE_DIR to the folder that holds db/ and sql/")
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
    }

    /// The files with their hashes, in order.
    let files: [(file: MigrationFile, sha256: String)]
    let applied: [Applied]

    /// The files to apply, in order.
    ///
    /// - Throws: `DatabaseError(.migration)` when history and files disagree; then nothing may be applied.
    func pending() throws -> [MigrationFile] {
        try UnknownMigrations(applied: applied.map(\.name), known: Set(files.map(\.file.name))).refuse()
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

    /// - Throws: `DatabaseError`; `.migration` when the database has a migration that this program does not know.
    public func missing(in database: Database) async throws -> [String] {
        let rows = try await database.query("SELECT name FROM public.fitnessd_migration ORDER BY number")
        let applied = try rows.map { try $0.decode(String.self) }
        try UnknownMigrations(applied: applied, known: names).refuse()
        return names.subtracting(applied).sorted()
    }
}
