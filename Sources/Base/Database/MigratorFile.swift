import Foundation

/// One file of `db/migrations`: `NNNN_verb_noun.sql`.
struct MigratorFile: Sendable, Equatable {
    /// A migration is read into memory whole.
    private static let bytesMax = 4 << 20

    let number: Int
    /// The file's name without `.sql`, number included.
    let name: String
    let text: String

    /// All migrations of a share directory in their order.
    /// - Throws: `DatabaseError(.migration)` for a file that is unreadable, has another name or a number that is taken.
    static func all(in shareDirectory: URL) throws -> [MigratorFile] {
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

    /// What `db/after_migration.sql` says is run at the end of each migration; empty when there is no such file.
    static func afterEach(in shareDirectory: URL) throws -> String {
        let file = shareDirectory.appending(path: "db/after_migration.sql")
        return FileManager.default.fileExists(atPath: file.path) ? try text(of: file) : ""
    }

    private static func read(_ file: URL) throws -> MigratorFile {
        let name = String(file.lastPathComponent.dropLast(".sql".count))
        let words = name.split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        guard words.count == 2, words[0].count == 4, let number = Int(words[0]), number > 0, !words[1].isEmpty else {
            throw DatabaseError(.migration, "\(file.lastPathComponent) is not named NNNN_verb_noun.sql")
        }
        return MigratorFile(number: number, name: name, text: try text(of: file))
    }

    private static func text(of file: URL) throws -> String {
        guard let data = FileManager.default.contents(atPath: file.path), data.count <= bytesMax,
            let text = String(data: data, encoding: .utf8)
        else { throw DatabaseError(.migration, "\(file.path) can't be read as UTF-8 text of at most 4 MB") }
        return text
    }
}
