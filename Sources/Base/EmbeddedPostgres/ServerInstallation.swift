import Database
import Foundation

/// A PostgreSQL server installed on this machine: the folder of its programs, and its version.
struct ServerInstallation: Sendable, Equatable {
    /// The oldest version whose features the migrations use.
    static let majorMin = 15
    /// Packages install versions side by side here: those of Debian and Ubuntu, and PostgreSQL's own for Fedora and its relatives.
    static let packagePatterns = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"]

    let programs: String
    let major: Int
    /// As the server prints it, with the package's revision: "15.4 (Debian 15.4-1)". An upgrade of the package changes it.
    let version: String

    func program(_ name: String) -> String { "\(programs)/\(name)" }

    /// What tells one file of the server's program from another without running it.
    struct Stamp: Sendable, Equatable {
        private let numbers: [Int64]

        /// Nil: the file is missing.
        init?(of path: String) {
            guard let status = ClusterFiles.status(path) else { return nil }
            let times = [status.st_mtim, status.st_ctim].flatMap { [Int64($0.tv_sec), Int64($0.tv_nsec)] }
            numbers = [Int64(bitPattern: UInt64(status.st_dev)), Int64(bitPattern: UInt64(status.st_ino)), Int64(status.st_size)] + times
        }
    }

    /// The server's program as it lies there now; nil while it is missing.
    var stamp: Stamp? { Stamp(of: program("postgres")) }

    /// The newest server of version 15 or later.
    ///
    /// - Throws: `DatabaseError(.embedded)` with a sentence that says what to install.
    static func find(
        patterns: [String] = packagePatterns, path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
    ) async throws -> ServerInstallation {
        let found = await all(patterns: patterns, path: path)
        guard let best = found.filter({ $0.major >= majorMin }).max(by: { $0.major < $1.major }) else { throw missing(found: found) }
        return best
    }

    /// All servers that are installed, those of packages first.
    static func all(
        patterns: [String] = packagePatterns, path: String = ProcessInfo.processInfo.environment["PATH"] ?? ""
    ) async -> [ServerInstallation] {
        var found: [ServerInstallation] = []
        for folder in patterns.flatMap(expand) + path.split(separator: ":").map(String.init) {
            if let installation = await installation(in: folder) { found.append(installation) }
        }
        return found
    }

    /// The same folder as it is now; nil while the server's program is missing or doesn't run.
    func reexamined() async -> ServerInstallation? { await Self.installation(in: programs) }

    private static func installation(in folder: String) async -> ServerInstallation? {
        guard folder.hasPrefix("/"), ["postgres", "initdb"].allSatisfy({ access("\(folder)/\($0)", X_OK) == 0 }) else { return nil }
        guard let answer = try? await ServerProcess.run(["\(folder)/postgres", "--version"]) else { return nil }
        // "postgres (PostgreSQL) 15.4 (Debian …)"
        let words = answer.output.split(separator: " ")
        guard answer.status == 0, words.count >= 3, let major = Int(words[2].prefix { $0.isNumber }) else { return nil }
        let version = words[2...].joined(separator: " ").trimmingCharacters(in: .whitespacesAndNewlines)
        return ServerInstallation(programs: folder, major: major, version: version)
    }

    private static func expand(_ pattern: String) -> [String] {
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, 0, nil, &matches) == 0 else { return [] }
        return (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
    }

    private static func missing(found: [ServerInstallation]) -> DatabaseError {
        let old = found.map(\.major).max().map { " (found only version \($0))" } ?? ""
        return DatabaseError(
            .embedded,
            "no PostgreSQL server of version \(majorMin) or later is installed\(old): install postgresql-\(majorMin), "
                + "or set FITNESSD_DATABASE_URL")
    }
}
