import Core
import Database
import Foundation

/// The private clusters that root's daemons have made outside their state directories, because the server's account can't reach those: which
/// state directory each belongs to, and whether that is still there.
///
/// Only root may read and change them. Whether a cluster runs is asked of the kernel, as everywhere (`LeftoverServer`).
public struct ClusterInventory: Sendable {
    /// Whom a cluster belongs to.
    public enum Belonging: String, Sendable {
        /// Its state directory is there and leads to it.
        case used
        /// Its state directory is gone, or leads elsewhere.
        case orphaned
        /// It was last started by a version that did not note the state directory.
        case unknown
    }

    /// One cluster.
    public struct Entry: Sendable, Equatable {
        /// Sixteen hexadecimal digits; nil: the cluster is in its state directory.
        public let name: String?
        public let path: String
        public let stateDirectory: String?
        public let belonging: Belonging
        /// As `PG_VERSION` says; nil: the cluster was never finished.
        public let major: String?
        public let isRunning: Bool
        /// On the disk.
        public let bytes: Int64
        /// When its server was last started.
        public let startedAt: Date?
    }

    private let outside: String
    /// State directories that may own clusters without a note.
    private let candidates: [String]

    /// - Parameter stateDirectory: of the present settings: its cluster is listed in any case.
    public init(stateDirectory: String) {
        self.init(stateDirectory: stateDirectory, outside: ClusterFolders.outsideDefault)
    }

    init(stateDirectory: String, outside: String) {
        self.outside = outside
        candidates = [stateDirectory, stateDirectory + "/demo"]
    }

    /// Those of the present settings first, then all others by name.
    ///
    /// - Throws: `DatabaseError(.embedded)` when the folder can't be read. Other accounts than root are shown the first ones only.
    public func list() throws -> [Entry] {
        let own = candidates.compactMap { state -> Entry? in
            let cluster = "\(state)/postgres"
            guard ClusterFiles.linkStatus(cluster)?.st_mode.isFolder == true else { return nil }
            return entry(name: nil, path: cluster, state: state, .used)
        }
        return try own + names().map(entry)
    }

    private func names() throws -> [String] {
        guard ClusterFiles.linkStatus(outside) != nil else { return [] }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: outside) else {
            if geteuid() != 0 { return [] }
            throw DatabaseError(.embedded, "\(outside) can't be read")
        }
        return names.filter(Self.isName).sorted()
    }

    private static func isName(_ text: String) -> Bool { text.wholeMatch(of: /[0-9a-f]{16}/) != nil }

    private func entry(_ name: String) -> Entry {
        let path = "\(outside)/\(name)"
        let state = state(of: path) ?? candidates.first { ClusterLayout.name(for: $0) == name }
        return entry(name: name, path: path, state: state, state.map { leads($0, to: path) ? .used : .orphaned } ?? .unknown)
    }

    private func entry(name: String?, path: String, state: String?, _ belonging: Belonging) -> Entry {
        let data = "\(path)/data"
        let version = try? String(contentsOfFile: "\(data)/PG_VERSION", encoding: .utf8)
        let started = ClusterFiles.linkStatus("\(data)/postmaster.opts")?.st_mtim.tv_sec
        return Entry(
            name: name, path: path, stateDirectory: state, belonging: belonging,
            major: version?.trimmingCharacters(in: .whitespacesAndNewlines),
            isRunning: !LeftoverServer(dataDirectory: data).processes().isEmpty,
            bytes: Self.bytes(of: path), startedAt: started.map { Date(timeIntervalSince1970: Double($0)) })
    }

    /// The note that `ClusterFolders` writes at each start.
    private func state(of path: String) -> String? {
        guard let text = try? String(contentsOfFile: "\(path)/state-directory", encoding: .utf8), text.hasPrefix("/") else { return nil }
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    private func leads(_ state: String, to path: String) -> Bool {
        guard let there = ClusterFiles.status("\(state)/postgres"), let here = ClusterFiles.linkStatus(path) else { return false }
        return there.st_dev == here.st_dev && there.st_ino == here.st_ino
    }

    private static func bytes(of path: String) -> Int64 {
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
        return files.reduce(0) { $0 + Int64(ClusterFiles.linkStatus("\(path)/\($1)")?.st_blocks ?? 0) * 512 }
    }

    // MARK: Removal

    /// The cluster of this name, if it may be removed.
    ///
    /// - Throws: `DatabaseError(.embedded)` when there is none, it runs, or it belongs to a state directory that is there or not known.
    public func removable(_ name: String) throws -> Entry {
        guard Self.isName(name), ClusterFiles.linkStatus("\(outside)/\(name)")?.st_mode.isFolder == true else {
            throw DatabaseError(.embedded, "there is no such cluster in \(outside): `fitnessd cluster list` shows all")
        }
        let entry = entry(name)
        if entry.isRunning { throw DatabaseError(.embedded, "cluster \(name) is running: stop its fitnessd first") }
        switch entry.belonging {
        case .orphaned: return entry
        case .used:
            throw DatabaseError(
                .embedded, "cluster \(name) belongs to \(entry.stateDirectory ?? ""), which is there: remove that directory first")
        case .unknown:
            throw DatabaseError(
                .embedded,
                "nothing says whose cluster \(name) is: start its fitnessd once with this version, or, if you know that its state directory is "
                    + "gone, write the directory's path into \(entry.path)/state-directory")
        }
    }

    /// Removes an orphaned cluster with all its data. After a failure it may be called again.
    ///
    /// The server's account deletes what it owns: root deleting in another account's folder could be misled by symbolic links.
    public func remove(_ name: String) async throws {
        let entry = try removable(name)
        let lock: FileLock
        do { lock = try FileLock(path: "\(entry.path)/lock") } catch {
            throw DatabaseError(.embedded, "cluster \(name) is in use by a fitnessd: stop it first")
        }
        defer { lock.release() }
        // Looked at again: it may have been started before the lock was ours.
        _ = try removable(name)
        let account = try ServerAccount.choose(dataDirectory: "\(entry.path)/data")
        let socket = ClusterLayout.decide(
            state: entry.stateDirectory ?? "", canReachState: false, outside: outside, shortFolder: ClusterLayout.shortFolder()
        ).socketDirectory
        for folder in ["data", "data.unfinished", "socket"].map({ "\(entry.path)/\($0)" }) + [socket] {
            try await empty(folder, as: account)
        }
        let own = ["postgresql.conf", "pg_hba.conf", "pg_ident.conf", "server.log", "server.log.1"]
        for file in own { unlink("\(entry.path)/\(file)") }
        let rest = (try? FileManager.default.contentsOfDirectory(atPath: entry.path)) ?? []
        let foreign = Set(rest).subtracting(["lock", "state-directory"])
        guard foreign.isEmpty else {
            throw DatabaseError(.embedded, "\(entry.path) also holds \(foreign.sorted().joined(separator: ", ")), which is not removed")
        }
        for file in ["lock", "state-directory"] { unlink("\(entry.path)/\(file)") }
        guard rmdir(entry.path) == 0 else { throw ClusterFiles.refused(entry.path, errno) }
    }

    private func empty(_ folder: String, as account: ServerAccount) async throws {
        guard ClusterFiles.linkStatus(folder)?.st_mode.isFolder == true else { return }
        let answer = try await ServerProcess.run(account.command(["/usr/bin/find", folder, "-mindepth", "1", "-delete"]))
        guard answer.status == 0, rmdir(folder) == 0 else {
            throw DatabaseError(.embedded, "\(folder) can't be removed: \(ServerLauncher.reason(in: answer.output))")
        }
    }
}
