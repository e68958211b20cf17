import Core
import Database
import Foundation

/// Prepares the folders of a private cluster and their owners, so that the server's account can reach its own folders and nothing else.
///
/// As root, `<state>/postgres` stays root's, since the server may not change the configuration in it; `data` and the socket's folder belong
/// to the server's account. The state directory itself is made passable (0711); no folder above it is changed.
struct ClusterFolders {
    /// The parent of clusters whose state directory the server's account can't reach.
    static let outsideDefault = "/var/lib/fitnessd-postgres"

    let state: String
    var outside = outsideDefault

    func prepare() throws -> (ClusterLayout, ServerAccount) {
        let account = try ServerAccount.choose(dataDirectory: "\(state)/postgres/data")
        try makeState(account)
        let layout = ClusterLayout.decide(
            state: state, canReachState: account.canReach(state), outside: outside,
            shortFolder: ClusterLayout.shortFolder())
        try makeFolders(layout, account)
        try checkOwner(of: layout, account)
        return (layout, account)
    }

    private var own: (uid: uid_t, gid: gid_t) { (geteuid(), getegid()) }

    private func makeState(_ account: ServerAccount) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DatabaseError(.embedded, "can't make the state directory \(state): set FITNESSD_STATE_DIR to a folder we may write")
        }
        let parent = URL(filePath: state).deletingLastPathComponent().path
        if account.isDropped, account.canReach(parent), let mode = ClusterFiles.status(state)?.st_mode {
            chmod(state, mode & 0o7777 | 0o011)
        }
    }

    private func makeFolders(_ layout: ClusterLayout, _ account: ServerAccount) throws {
        let passable: mode_t = account.isDropped ? 0o711 : 0o700
        if layout.cluster != "\(state)/postgres" {
            try ClusterFiles.makeDirectory(outside, mode: 0o711, owner: own)
            try linkToOutside(layout)
        }
        try ClusterFiles.makeDirectory(layout.cluster, mode: passable, owner: own)
        if layout.cluster != "\(state)/postgres" { try ClusterFiles.write(state + "\n", to: layout.stateRecord, mode: 0o644) }
        let owner = (uid: account.userID, gid: account.groupID)
        try ClusterFiles.makeDirectory(layout.socketDirectory, mode: 0o700, owner: owner)
    }

    /// `<state>/postgres` is a link to a cluster that had to be made elsewhere.
    private func linkToOutside(_ layout: ClusterLayout) throws {
        let link = "\(state)/postgres"
        if ClusterFiles.status("\(link)/data") != nil, ClusterFiles.linkStatus(link)?.st_mode.isFolder == true {
            throw DatabaseError(
                .embedded, "the account of the database server can't reach \(link) any more: open the folders above it (chmod o+x)")
        }
        if ClusterFiles.linkStatus(link) == nil, symlink(layout.cluster, link) != 0 {
            throw ClusterFiles.refused(link, errno)
        }
    }

    private func checkOwner(of layout: ClusterLayout, _ account: ServerAccount) throws {
        guard let status = ClusterFiles.linkStatus(layout.data) else { return }
        guard status.st_mode.isFolder, status.st_uid == account.userID else {
            throw DatabaseError(
                .embedded, "\(layout.data) belongs to another account: run fitnessd as the one that made it, or set FITNESSD_STATE_DIR")
        }
    }
}

/// The paths of a private cluster and its socket: a pure function of the state directory, the account and the machine's folders.
///
/// The cluster is `<state>/postgres`. When we are root and the server's account can't pass through to it (a state directory under
/// `/root`, say), the cluster is `/var/lib/fitnessd-postgres/<name>` instead and `<state>/postgres` is a link to it.
struct ClusterLayout: Sendable, Equatable {
    /// A socket's path has at most 107 bytes (unix(7): `sun_path` has 108 with the terminating zero).
    static let socketPathBytesMax = 107
    /// Of the socket, by its name. Over TCP the server may have another one.
    static let port = 5432
    private static let longestPort = 65_535

    let cluster: String
    let socketDirectory: String

    var data: String { "\(cluster)/data" }
    /// A cluster that is still being made; renamed to `data` when it is complete.
    var unfinishedData: String { "\(cluster)/data.unfinished" }
    var lock: String { "\(cluster)/lock" }
    /// Names the state directory of a cluster that is outside it.
    var stateRecord: String { "\(cluster)/state-directory" }
    var log: String { "\(cluster)/server.log" }

    /// The path of the socket that the server makes when it has this port.
    func socketPath(port: Int) -> String { "\(socketDirectory)/\(Self.socketName(port))" }

    static func socketName(_ port: Int) -> String { ".s.PGSQL.\(port)" }

    /// A libpq URL; every byte of the folder that is not unreserved (RFC 3986) is percent-encoded.
    func url(database: String, user: String) -> String {
        "postgresql://\(user)@\(PercentCoding.encode(socketDirectory)):\(Self.port)/\(database)"
    }

    /// - Parameters:
    ///   - outside: the cluster's parent when the server's account can't reach the state directory.
    ///   - shortFolder: the socket's folder, when its path in the cluster would be too long or hold a comma or the like, which libpq and
    ///     the server read as a list.
    static func decide(
        state: String, canReachState: Bool, outside: String, shortFolder: String
    ) -> ClusterLayout {
        let cluster = canReachState ? "\(state)/postgres" : "\(outside)/\(name(for: state))"
        let inside = "\(cluster)/socket"
        let isFit = "\(inside)/\(socketName(longestPort))".utf8.count <= socketPathBytesMax && inside.utf8.allSatisfy(isPlain)
        return ClusterLayout(cluster: cluster, socketDirectory: isFit ? inside : "\(shortFolder)-\(name(for: cluster))")
    }

    /// As root `/run/fitnessd-postgres`, else a folder in the user's runtime directory if there is one, else in /tmp.
    static func shortFolder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if geteuid() == 0 { return "/run/fitnessd-postgres" }
        if let runtime = environment["XDG_RUNTIME_DIR"], runtime.hasPrefix("/"), runtime.utf8.count <= 50,
            runtime.utf8.allSatisfy(isPlain), ClusterFiles.status(runtime)?.st_uid == geteuid()
        {
            return "\(runtime)/fitnessd-postgres"
        }
        return "/tmp/fitnessd-postgres-\(geteuid())"
    }

    /// A path as 16 hexadecimal digits, the same after each restart.
    static func name(for path: String) -> String {
        let digits = String(stableHash(path.utf8), radix: 16)
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

/// The account that the server runs as: ours, or an unprivileged one when we are root, since PostgreSQL refuses to run as root.
struct ServerAccount: Sendable, Equatable {
    let name: String
    let userID: uid_t
    let groupID: gid_t
    /// True when we are root and the server runs as another account.
    let isDropped: Bool

    /// As root: the owner of a cluster that exists already, else the distribution's `postgres`, else `nobody`.
    static func choose(dataDirectory: String?) throws -> ServerAccount {
        guard geteuid() == 0 else {
            return ServerAccount(name: "", userID: geteuid(), groupID: getegid(), isDropped: false)
        }
        if let dataDirectory, let owner = Self.owner(of: dataDirectory), owner != 0, let account = named(getpwuid(owner)) {
            return account
        }
        guard let account = named(getpwnam("postgres")) ?? named(getpwnam("nobody")) else {
            throw DatabaseError(
                .embedded, "the server never runs as root, and there is no account 'postgres' for it: install postgresql-common")
        }
        return account
    }

    /// The arguments that start `program` as this account, interrupted by the kernel when our process ends.
    func command(_ program: [String]) -> [String] {
        let drop = isDropped ? ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups"] : []
        return ["/usr/bin/setpriv", "--pdeathsig", "INT"] + drop + ["--"] + program
    }

    /// Whether this account may enter `directory` and every folder above it, by their mode bits.
    func canReach(_ directory: String) -> Bool {
        if !isDropped { return true }
        var folder = URL(filePath: directory).standardizedFileURL
        while true {
            guard let status = ClusterFiles.status(folder.path), isPassable(status) else { return false }
            if folder.path == "/" { return true }
            folder = folder.deletingLastPathComponent()
        }
    }

    private func isPassable(_ status: stat) -> Bool {
        if status.st_uid == userID { return status.st_mode & 0o100 != 0 }
        if status.st_gid == groupID { return status.st_mode & 0o010 != 0 }
        return status.st_mode & 0o001 != 0
    }

    private static func owner(of path: String) -> uid_t? { ClusterFiles.status(path)?.st_uid }

    private static func named(_ entry: UnsafeMutablePointer<passwd>?) -> ServerAccount? {
        guard let entry = entry?.pointee, entry.pw_uid != 0 else { return nil }
        return ServerAccount(
            name: String(cString: entry.pw_name), userID: entry.pw_uid, groupID: entry.pw_gid, isDropped: true)
    }
}

/// File operations of the private cluster, with errors as sentences.
enum ClusterFiles {
    static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    static func linkStatus(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// Makes `path` a folder of `owner` with exactly this mode. Another account's folder, or a link, is refused: in a shared folder like
    /// /tmp it may have been put there by an attacker.
    static func makeDirectory(_ path: String, mode: mode_t, owner: (uid: uid_t, gid: gid_t)) throws {
        if mkdir(path, mode) == 0 {
            // Only as root: a sandboxed service may not even call chown (systemd's @privileged).
            guard owner.uid == geteuid() || chown(path, owner.uid, owner.gid) == 0 else { throw refused(path, errno) }
        } else if errno != EEXIST {
            throw refused(path, errno)
        }
        guard let status = linkStatus(path), status.st_mode.isFolder, status.st_uid == owner.uid else {
            throw DatabaseError(.embedded, "\(path) exists and is not a folder of ours: remove or rename it")
        }
        guard chmod(path, mode) == 0 else { throw refused(path, errno) }
    }

    /// Writes a file atomically: under another name first, then renamed.
    static func write(_ text: String, to path: String, mode: mode_t) throws {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw refused(temporary, errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fchmod(descriptor, mode) == 0,
            rename(temporary, path) == 0
        else { throw refused(path, errno) }
    }

    static func refused(_ path: String, _ code: Int32) -> DatabaseError {
        DatabaseError(.embedded, "can't use \(path): \(String(cString: strerror(code)))")
    }
}

extension mode_t {
    var isFolder: Bool { self & S_IFMT == S_IFDIR }
}
