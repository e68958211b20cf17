import Foundation

/// The account the server runs as: ours, or an unprivileged one when we are root, since PostgreSQL refuses root.
struct EmbeddedPostgresAccount: Sendable, Equatable {
    let name: String
    let userID: uid_t
    let groupID: gid_t
    /// True when we are root and the server is not.
    let isDropped: Bool

    /// As root: the owner of a cluster that exists already, else the distribution's `postgres`, else `nobody`.
    static func choose(dataDirectory: String?) throws -> EmbeddedPostgresAccount {
        guard geteuid() == 0 else {
            return EmbeddedPostgresAccount(name: "", userID: geteuid(), groupID: getegid(), isDropped: false)
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

    /// The arguments that start `program` as this account, interrupted by the kernel when we are gone.
    func command(_ program: [String]) -> [String] {
        let drop = isDropped ? ["--reuid=\(userID)", "--regid=\(groupID)", "--clear-groups"] : []
        return ["/usr/bin/setpriv", "--pdeathsig", "INT"] + drop + ["--"] + program
    }

    /// Whether this account may pass through `directory` and every folder above it, judged by the mode bits.
    func canReach(_ directory: String) -> Bool {
        if !isDropped { return true }
        var folder = URL(filePath: directory).standardizedFileURL
        while true {
            guard let status = EmbeddedPostgresFiles.status(folder.path), isPassable(status) else { return false }
            if folder.path == "/" { return true }
            folder = folder.deletingLastPathComponent()
        }
    }

    private func isPassable(_ status: stat) -> Bool {
        if status.st_uid == userID { return status.st_mode & 0o100 != 0 }
        if status.st_gid == groupID { return status.st_mode & 0o010 != 0 }
        return status.st_mode & 0o001 != 0
    }

    private static func owner(of path: String) -> uid_t? { EmbeddedPostgresFiles.status(path)?.st_uid }

    private static func named(_ entry: UnsafeMutablePointer<passwd>?) -> EmbeddedPostgresAccount? {
        guard let entry = entry?.pointee, entry.pw_uid != 0 else { return nil }
        return EmbeddedPostgresAccount(
            name: String(cString: entry.pw_name), userID: entry.pw_uid, groupID: entry.pw_gid, isDropped: true)
    }
}
