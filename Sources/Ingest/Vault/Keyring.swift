import Foundation

/// The keys that seal and open tokens, held in locked memory and nowhere else.
///
/// The file is text, one key a line: `key_id base64(32 bytes)`, separated by blanks. The first key is the active one, which seals;
/// the others only open what they sealed before. `#` begins a comment, empty lines don't count. A key id is 1 to 32 of
/// `A-Z a-z 0-9 . _ -`; at most 64 keys. To change keys: put a new line first, restart, `fitnessctl vault rotate`, then
/// take the old line out.
public struct Keyring: Sendable {
    static let keyByteCount = 32
    /// One page of locked memory holds them all; nobody keeps more old keys than this for good reason.
    static let keysMax = 64

    /// The id of the key that seals.
    public let activeKeyID: String
    /// All ids in the order of the file.
    public let keyIDs: [String]
    private let memory: LockedMemory

    init?(keyIDs: [String], fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let active = keyIDs.first else { return nil }
        guard let memory = LockedMemory(byteCount: keyIDs.count * Self.keyByteCount, fill: fill) else { return nil }
        activeKeyID = active
        self.keyIDs = keyIDs
        self.memory = memory
    }

    /// Reads the keyring at `path`. Refused unless it is a regular file of this user (or root) that nobody else can read or write.
    ///
    /// - Parameter credentialsDirectory: where systemd puts credentials; newer versions guard the folder and give the file to root with
    ///   an access list, which shows as group-readable. Such a file is taken.
    /// - Throws: `KeyringError`.
    public static func load(
        path: String, credentialsDirectory: String? = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
    ) throws -> Keyring {
        try KeyringFile(path: path).load(credentialsDirectory: credentialsDirectory)
    }

    /// Makes a new keyring with one random key at `path`, mode 0600, safely on disk. Never replaces a file.
    ///
    /// - Throws: `KeyringError`.
    public static func create(path: String) throws {
        try KeyringFile(path: path).create()
    }

    /// Fails when this process may not lock memory, which every keyring needs: to be asked before anything is begun.
    ///
    /// - Throws: `KeyringError.notLockable`.
    public static func checkMemory() throws {
        if let reason = LockedMemory.refusal() { throw KeyringError(.notLockable, path: "", detail: reason) }
    }

    /// Lends the bytes of a key. Nil when the keyring doesn't have it.
    func withKey<R>(_ keyID: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
        guard let index = keyIDs.firstIndex(of: keyID) else { return nil }
        let start = index * Self.keyByteCount
        return try memory.withBytes(start..<start + Self.keyByteCount, body)
    }
}
