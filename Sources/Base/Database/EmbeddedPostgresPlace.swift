import Foundation

/// Prepares the folders of a private cluster: who owns them, and that the server's account gets to its own and to nothing else.
///
/// As root, `<state>/postgres` stays root's (the configuration in it is not the server's to change); `data` and the socket's folder
/// are the account's. The state directory itself is opened for passing through (0711), no folder above it is touched.
struct EmbeddedPostgresPlace {
    let state: String
    var outside = "/var/lib/fitnessd-postgres"

    func prepare() throws -> (EmbeddedPostgresLayout, EmbeddedPostgresAccount) {
        let account = try EmbeddedPostgresAccount.choose(dataDirectory: "\(state)/postgres/data")
        try makeState(account)
        let layout = EmbeddedPostgresLayout.decide(
            state: state, canReachState: account.canReach(state), outside: outside,
            shortFolder: EmbeddedPostgresLayout.shortFolder())
        try makeFolders(layout, account)
        try checkOwner(of: layout, account)
        return (layout, account)
    }

    private var own: (uid: uid_t, gid: gid_t) { (geteuid(), getegid()) }

    private func makeState(_ account: EmbeddedPostgresAccount) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw DatabaseError(.embedded, "can't make the state directory \(state): set FITNESSD_STATE_DIR to a folder we may write")
        }
        let parent = URL(filePath: state).deletingLastPathComponent().path
        if account.isDropped, account.canReach(parent), let mode = EmbeddedPostgresFiles.status(state)?.st_mode {
            chmod(state, mode & 0o7777 | 0o011)
        }
    }

    private func makeFolders(_ layout: EmbeddedPostgresLayout, _ account: EmbeddedPostgresAccount) throws {
        let passable: mode_t = account.isDropped ? 0o711 : 0o700
        if layout.cluster != "\(state)/postgres" {
            try EmbeddedPostgresFiles.makeDirectory(outside, mode: 0o711, owner: own)
            try linkToOutside(layout)
        }
        try EmbeddedPostgresFiles.makeDirectory(layout.cluster, mode: passable, owner: own)
        let owner = (uid: account.userID, gid: account.groupID)
        try EmbeddedPostgresFiles.makeDirectory(layout.socketDirectory, mode: 0o700, owner: owner)
    }

    /// `<state>/postgres` shows the way to a cluster that had to be put elsewhere.
    private func linkToOutside(_ layout: EmbeddedPostgresLayout) throws {
        let link = "\(state)/postgres"
        if EmbeddedPostgresFiles.status("\(link)/data") != nil, EmbeddedPostgresFiles.linkStatus(link)?.st_mode.isFolder == true {
            throw DatabaseError(
                .embedded, "the account of the database server can't reach \(link) any more: open the folders above it (chmod o+x)")
        }
        if EmbeddedPostgresFiles.linkStatus(link) == nil, symlink(layout.cluster, link) != 0 {
            throw EmbeddedPostgresFiles.refused(link, errno)
        }
    }

    private func checkOwner(of layout: EmbeddedPostgresLayout, _ account: EmbeddedPostgresAccount) throws {
        guard let status = EmbeddedPostgresFiles.linkStatus(layout.data) else { return }
        guard status.st_mode.isFolder, status.st_uid == account.userID else {
            throw DatabaseError(
                .embedded, "\(layout.data) belongs to another account: run fitnessd as the one that made it, or set FITNESSD_STATE_DIR")
        }
    }
}

extension mode_t {
    var isFolder: Bool { self & S_IFMT == S_IFDIR }
}
