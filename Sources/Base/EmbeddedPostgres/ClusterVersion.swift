import Database
import Foundation

/// The major version that made a cluster, from its `PG_VERSION`. A server reads clusters of its own major version only.
struct ClusterVersion {
    let layout: ClusterLayout

    /// The longest text that is shown of a file that is no version.
    private static let shownMax = 20

    /// The server for this cluster: of the version that made it, or the newest if there is no cluster yet.
    ///
    /// - Parameter patterns: where servers are searched.
    /// - Throws: `DatabaseError(.embedded)` that says what to install, or how to move the data to the version that is installed.
    func server(patterns: [String]) async throws -> ServerInstallation {
        guard ClusterFiles.status(layout.data) != nil else { return try await .find(patterns: patterns) }
        let made = try major()
        let installed = await ServerInstallation.all(patterns: patterns)
        if let same = installed.first(where: { $0.major == made }) { return same }
        throw refusal(made, installed: installed.map(\.major).filter { $0 >= ServerInstallation.majorMin }.max())
    }

    /// - Throws: `DatabaseError(.embedded)` when the file is missing or holds no number.
    private func major() throws -> Int {
        let file = "\(layout.data)/PG_VERSION"
        let text = (try? String(contentsOfFile: file, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
        if let text, let major = Int(text), major > 0 { return major }
        let found = text.map { "holds '\($0.prefix(Self.shownMax))', which is no version" } ?? "can't be read"
        throw DatabaseError(
            .embedded,
            "\(file) \(found), so \(layout.data) is no complete cluster: restore a backup (fitnessd restore FILE) after moving it away "
                + "(mv \(Self.quoted(layout.data)) \(Self.quoted(layout.data + ".broken")))")
    }

    private func refusal(_ made: Int, installed: Int?) -> DatabaseError {
        let beginning = "the private cluster \(layout.cluster) was made by PostgreSQL \(made), whose server is not installed"
        guard let installed else {
            return DatabaseError(.embedded, beginning + ": install postgresql-\(made), or set FITNESSD_DATABASE_URL")
        }
        let dump = "/var/backups/fitnessd-\(made).dump"
        let steps = [
            "apt-get install postgresql-\(made)",
            "systemctl start fitnessd",
            "fitnessctl backup \(dump)",
            "systemctl stop fitnessd",
            "mv \(Self.quoted(layout.data)) \(Self.quoted("\(layout.data)-\(made)"))",
            "fitnessd restore \(dump)",
            "systemctl start fitnessd",
        ]
        return DatabaseError(
            .embedded,
            """
            \(beginning), and PostgreSQL \(installed), which is, can't read it. Nothing was changed. Install postgresql-\(made) and start \
            fitnessd: it works on as before. To move the data to PostgreSQL \(installed), dump it with the old server and restore it:
            \(steps.map { "  " + $0 }.joined(separator: "\n"))
            The keyring stays where it is. Both versions can be installed side by side; remove \(layout.data)-\(made) when all is well.
            """)
    }

    /// For a shell.
    static func quoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            byte.isLetterOrDigit || [UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_")].contains(byte)
        }
        return isPlain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
