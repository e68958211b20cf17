import ControlAPI
import Foundation

/// The file of a backup and its manifest. It has another name until both are complete and on the disk, is for its owner only, and never replaces
/// a file.
struct BackupFile: Sendable {
    let path: String
    private let descriptor: Int32

    private static let prefix = "fitnessd-"
    private static let ending = ".dump"

    private var partPath: String { path + ".part" }
    private var manifestPath: String { path + ".json" }

    /// - Parameter name: a file; or a folder, for a file named by the time in UTC: `fitnessd-20260131T120000Z.dump`.
    /// - Throws: `CommandFailure` when the file exists, or can't be written.
    init(_ name: String, now: Date) throws {
        let folder = name.hasSuffix("/") ? name : name + "/"
        path = Self.isFolder(name) ? (name == "." ? "" : folder) + Self.prefix + Self.stamp(now) + Self.ending : name
        for existing in [path, path + ".json"] where Self.exists(existing) {
            throw CommandFailure("\(existing) exists, and a backup replaces nothing: choose another name")
        }
        descriptor = open(path + ".part", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileOutput.refused(path, errno) }
        // Of a backup that was cut off nothing stays; of one under way nothing may be taken.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw CommandFailure("another backup is being written to \(path)")
        }
        guard fchmod(descriptor, 0o600) == 0, ftruncate(descriptor, 0) == 0 else { throw FileOutput.refused(path, errno) }
    }

    func write(_ bytes: [UInt8]) throws { try FileOutput.write(bytes, to: descriptor, named: path) }

    /// Waits until all bytes are on the disk. Returns their number.
    func sync() throws -> Int64 {
        guard fsync(descriptor) == 0 else { throw FileOutput.refused(path, errno) }
        return Int64(lseek(descriptor, 0, SEEK_END))
    }

    /// Stores the manifest, then gives the file its name: whoever sees the file finds its manifest.
    func finish(manifest: [UInt8]) throws {
        let file = open(manifestPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw FileOutput.refused(manifestPath, errno) }
        defer { close(file) }
        try FileOutput.write(manifest, to: file, named: manifestPath)
        guard fsync(file) == 0 else { throw FileOutput.refused(manifestPath, errno) }
        // Not rename(2), which would replace a file.
        guard link(partPath, path) == 0 else {
            let code = errno
            unlink(manifestPath)
            throw FileOutput.refused(path, code)
        }
        unlink(partPath)
        close(descriptor)
        try Self.syncFolder(of: path)
    }

    /// Removes the incomplete file.
    func discard() {
        unlink(partPath)
        close(descriptor)
    }

    // MARK: Old backups

    /// Removes all but the newest backups that are named by their time, each with its manifest. Returns the removed files.
    static func prune(folder: String, keeping count: Int) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter(isOurs).sorted()
        return try names.dropLast(count).map { name in
            let path = "\(folder)/\(name)"
            guard unlink(path) == 0 else { throw FileOutput.refused(path, errno) }
            unlink(path + ".json")
            return path
        }
    }

    /// Only what was named here.
    private static func isOurs(_ name: String) -> Bool { name.wholeMatch(of: /fitnessd-[0-9]{8}T[0-9]{6}Z\.dump/) != nil }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    /// `20260131T120000Z`
    private static func stamp(_ date: Date) -> String {
        String(ControlTime.text(date).prefix(19)).replacing("-", with: "").replacing(":", with: "") + "Z"
    }

    private static func syncFolder(of path: String) throws {
        let folder = URL(filePath: path).deletingLastPathComponent().path
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileOutput.refused(folder, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileOutput.refused(folder, errno) }
    }
}
