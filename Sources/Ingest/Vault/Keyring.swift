import Core
import Foundation
import Synchronization

/// The keys that seal and open tokens, held in locked memory and nowhere else. All that share this object see a change of keys at once.
///
/// The file is text, one key a line: `key_id base64(32 bytes)`, separated by blanks. `#` begins a comment, empty lines are ignored. A key id is
/// 1 to 32 of `A-Z a-z 0-9 . _ -`; at most 64 lines with keys. One key is active and seals; the others open what they sealed before. The
/// first key is the active one until PostgreSQL names another (`KeyringKeeper`). A line `key_id retired base64(32 bytes)` is what remains of a
/// key that seals nothing any more: it opens nothing, but still recognises tags that were made with it.
public final class Keyring: Sendable {
    private struct Held {
        var keys: KeySet
        var activeKeyID: String
    }

    private let file: KeyringFile
    private let held: Mutex<Held>

    private init(file: KeyringFile, keys: KeySet) {
        self.file = file
        held = Mutex(Held(keys: keys, activeKeyID: keys.firstKeyID))
    }

    /// Reads the keyring at `path`, which must be a regular file of this user (or root) that nobody else can read or write.
    ///
    /// - Parameter credentialsDirectory: where systemd puts credentials. Newer versions protect the folder and give the file to root with an
    ///   access list, which shows as group-readable; such a file is accepted.
    /// - Throws: `KeyringError`.
    public static func load(
        path: String, credentialsDirectory: String? = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
    ) throws -> Keyring {
        let file = KeyringFile(path: path, credentialsDirectory: credentialsDirectory)
        return Keyring(file: file, keys: try file.load())
    }

    /// Creates a keyring with one random key at `path`, mode 0600, synced to disk. Never replaces a file.
    ///
    /// - Throws: `KeyringError`.
    public static func create(path: String) throws {
        try KeyringFile(path: path).create()
    }

    /// Adds a random key to the keyring at `path`, as the last, which seals nothing yet. Returns its id.
    ///
    /// - Throws: `KeyringError`.
    public static func add(toFileAt path: String) throws -> String {
        try KeyringFile(path: path).add()
    }

    /// Retires a key of the keyring at `path`: it opens nothing any more. The file as it was is kept beside it, at the path that is returned.
    ///
    /// - Throws: `KeyringError`; `unknownKey` when the file has no such key, `lastKey` when it has no other.
    public static func retire(_ keyID: String, inFileAt path: String) throws -> String {
        try KeyringFile(path: path).retire(keyID)
    }

    /// Throws when this process may not lock memory, which every keyring needs. To be checked before anything else is started.
    ///
    /// - Throws: `KeyringError.notLockable`.
    public static func checkMemory() throws {
        if let reason = LockedMemory.refusal() { throw KeyringError(.notLockable, path: "", detail: reason) }
    }

    /// The file's path as given.
    public var path: String { file.path }
    /// The id of the key that seals.
    public var activeKeyID: String { held.withLock { $0.activeKeyID } }
    /// The ids of the keys that open, in the order of the file.
    public var keyIDs: [String] { keys.keyIDs }
    /// The ids of the retired keys.
    var retiredKeyIDs: [String] { keys.retiredKeyIDs }

    /// The keys as they are now.
    var keys: KeySet { held.withLock { $0.keys } }
    /// The keys and the active one of them, as they are together.
    var current: (keys: KeySet, activeKeyID: String) { held.withLock { ($0.keys, $0.activeKeyID) } }

    /// Calls `body` with the bytes of a key. Nil when the keyring doesn't have it.
    func withKey<R>(_ keyID: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? { try keys.withKey(keyID, body) }

    // MARK: Changes

    /// Makes this key the active one. False: the keyring doesn't have it.
    func activate(_ keyID: String) -> Bool {
        held.withLock { held in
            guard held.keys.contains(keyID) else { return false }
            held.activeKeyID = keyID
            return true
        }
    }

    /// Reads the file anew. A file that can't be used changes nothing.
    ///
    /// - Parameter needed: keys that must not be lost, with which rows are sealed.
    /// - Throws: `KeyringError`; `keyLost` when the file lacks a key that is needed or active, `otherKey` when a key has other bytes.
    func reload(needing needed: Set<String>) throws {
        let read = try file.load()
        try held.withLock { held in
            if let lost = held.keys.keyIDs.first(where: { (needed.contains($0) || $0 == held.activeKeyID) && !read.contains($0) }) {
                throw KeyringError(.keyLost, path: path, detail: lost)
            }
            if let other = held.keys.firstKey(withOtherBytesThanIn: read) { throw KeyringError(.otherKey, path: path, detail: other) }
            held.keys = read
        }
    }

    /// Adds a random key to the file. It is held at once and seals nothing yet.
    func add() throws -> String {
        let keyID = try file.add()
        try reload(needing: [])
        return keyID
    }

    /// Retires a key in the file and here. Returns where the file as it was is kept.
    func retire(_ keyID: String) throws -> String {
        let kept = try file.retire(keyID)
        try reload(needing: [])
        return kept
    }
}
