import Foundation

/// Where a private cluster and its socket live. A pure function of the state directory, the account and the machine's folders.
///
/// The cluster is `<state>/postgres`. When we are root and the server's account can't pass through to it (a state directory under
/// `/root`, say), the cluster is `/var/lib/fitnessd-postgres/<name>` instead and `<state>/postgres` is a link to it.
struct EmbeddedPostgresLayout: Sendable, Equatable {
    /// A socket's path has at most 107 bytes (unix(7): `sun_path` has 108 with the closing zero).
    static let socketPathBytesMax = 107
    static let port = 5432

    let cluster: String
    let socketDirectory: String

    var data: String { "\(cluster)/data" }
    /// A cluster that is still being made; renamed to `data` when it is whole.
    var unfinishedData: String { "\(cluster)/data.unfinished" }
    var lock: String { "\(cluster)/lock" }
    var log: String { "\(cluster)/server.log" }

    /// A libpq URL: every byte of the folder that is not plain is percent-encoded.
    func url(database: String, user: String) -> String {
        let plain = CharacterSet(charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        let host = socketDirectory.addingPercentEncoding(withAllowedCharacters: plain) ?? socketDirectory
        return "postgresql://\(user)@\(host):\(Self.port)/\(database)"
    }

    /// - Parameter shortFolder: where a socket goes whose path in the cluster would be too long or hold a comma or the like,
    ///   which libpq and the server read as a list.
    static func decide(
        state: String, canReachState: Bool, outside: String = "/var/lib/fitnessd-postgres", shortFolder: String
    ) -> EmbeddedPostgresLayout {
        let cluster = canReachState ? "\(state)/postgres" : "\(outside)/\(name(for: state))"
        let inside = "\(cluster)/socket"
        let isFit = "\(inside)/.s.PGSQL.\(port)".utf8.count <= socketPathBytesMax && inside.utf8.allSatisfy(isPlain)
        return EmbeddedPostgresLayout(cluster: cluster, socketDirectory: isFit ? inside : "\(shortFolder)-\(name(for: cluster))")
    }

    /// As root `/run/fitnessd-postgres`, else in the user's runtime directory when there is one, else in /tmp.
    static func shortFolder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if geteuid() == 0 { return "/run/fitnessd-postgres" }
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), runtime.utf8.count <= 50,
            runtime.utf8.allSatisfy(isPlain), EmbeddedPostgresFiles.status(runtime)?.st_uid == geteuid()
        {
            return "\(runtime)/fitnessd-postgres"
        }
        return "/tmp/fitnessd-postgres-\(geteuid())"
    }

    /// 16 hexadecimal digits that stand for a path: the same after each restart (FNV-1a, 64 bits).
    static func name(for path: String) -> String {
        let hash = path.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "+"): true
        default: false
        }
    }
}
