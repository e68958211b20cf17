import COpenSSL
import Core
import Foundation
import Glibc

/// The keys that seal and open tokens, held in locked memory and nowhere else.
///
/// The file is text, one key a line: `key_id base64(32 bytes)`, separated by blanks. The first key is the active one, which seals; the
/// others only open what they sealed before. `#` begins a comment, empty lines are ignored. A key id is 1 to 32 of `A-Z a-z 0-9 . _ -`; at
/// most 64 keys. To change keys: insert a new line at the top, restart, `TokenVault.rotate()`, then remove the old line.
public struct Keyring: Sendable {
    static let keyByteCount = 32
    /// One page of locked memory holds them all; there is no good reason to keep more old keys.
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

    /// Reads the keyring at `path`, which must be a regular file of this user (or root) that nobody else can read or write.
    ///
    /// - Parameter credentialsDirectory: where systemd puts credentials. Newer versions protect the folder and give the file to root with an
    ///   access list, which shows as group-readable; such a file is accepted.
    /// - Throws: `KeyringError`.
    public static func load(
        path: String, credentialsDirectory: String? = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
    ) throws -> Keyring {
        try KeyringFile(path: path).load(credentialsDirectory: credentialsDirectory)
    }

    /// Creates a keyring with one random key at `path`, mode 0600, synced to disk. Never replaces a file.
    ///
    /// - Throws: `KeyringError`.
    public static func create(path: String) throws {
        try KeyringFile(path: path).create()
    }

    /// Throws when this process may not lock memory, which every keyring needs. To be checked before anything else is started.
    ///
    /// - Throws: `KeyringError.notLockable`.
    public static func checkMemory() throws {
        if let reason = LockedMemory.refusal() { throw KeyringError(.notLockable, path: "", detail: reason) }
    }

    /// Calls `body` with the bytes of a key. Nil when the keyring doesn't have it.
    func withKey<R>(_ keyID: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
        guard let index = keyIDs.firstIndex(of: keyID) else { return nil }
        let start = index * Self.keyByteCount
        return try memory.withBytes(start..<start + Self.keyByteCount, body)
    }
}

/// Memory for keys: never swapped, not in core dumps, zero in forked children, wiped when released.
///
/// Unchecked, because the pointer is not Sendable by itself: the bytes are written only in `init`, before the object is shared, and the pages
/// are read-only from then on.
final class LockedMemory: @unchecked Sendable {
    private let pages: UnsafeMutableRawBufferPointer

    /// Allocates at least `byteCount` bytes and calls `fill` with them. Nil when the kernel refuses to lock the memory; errno then says why.
    ///
    /// `pages` is set last: once it is set, `deinit` runs even when the initializer fails, and would wipe unmapped pages.
    init?(
        byteCount: Int, lock: (UnsafeMutableRawBufferPointer) -> Bool = LockedMemory.protect, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (byteCount + pageSize - 1) / pageSize * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED else { return nil }
        let mapped = UnsafeMutableRawBufferPointer(start: start, count: size)
        guard lock(mapped) else {
            let reason = errno
            munmap(start, size)
            errno = reason
            return nil
        }
        fill(mapped)
        mprotect(start, size, PROT_READ)
        pages = mapped
    }

    deinit {
        guard let start = pages.baseAddress else { return }
        mprotect(start, pages.count, PROT_READ | PROT_WRITE)
        OPENSSL_cleanse(start, pages.count)
        munlock(start, pages.count)
        munmap(start, pages.count)
    }

    func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: pages[range]))
    }

    /// Why this process may not lock memory, in the kernel's words; nil: it may.
    static func refusal(lock: (UnsafeMutableRawBufferPointer) -> Bool = LockedMemory.protect) -> String? {
        LockedMemory(byteCount: 1, lock: lock) { _ in } == nil ? String(cString: strerror(errno)) : nil
    }

    static func protect(_ pages: UnsafeMutableRawBufferPointer) -> Bool {
        guard let start = pages.baseAddress else { return false }
        return mlock(start, pages.count) == 0
            && madvise(start, pages.count, MADV_DONTDUMP) == 0
            && madvise(start, pages.count, MADV_WIPEONFORK) == 0
    }
}
