import COpenSSL
import Core
import Foundation
import Glibc

/// The keyring's file: its permissions, reading and durable writing. `KeyringLines` reads its lines.
struct KeyringFile: Sendable {
    /// Enough for 64 keys and comments.
    private static let bytesMax = 64 * 1024
    /// A file is written under this name beside the keyring and then takes its place.
    private static let draftSuffix = ".new"

    let path: String
    private let credentialsDirectory: String?

    init(path: String, credentialsDirectory: String? = nil) {
        self.path = path
        self.credentialsDirectory = credentialsDirectory
    }

    func load() throws -> KeySet {
        try withBytes(mayBeOthers: false) { bytes, _ in try KeyringLines(path: path, text: bytes).keys() }
    }

    func create() throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw errno == EEXIST ? KeyringError(.exists, path: path) : failure(.notWritable, errno) }
        defer { close(file) }
        do {
            guard fchmod(file, 0o600) == 0 else { throw failure(.notWritable, errno) }
            var (_, line) = try randomLine(notNamed: [])
            var text = Array("# Keyring of fitnessd: the first key seals, the others only open. Keep a copy in a safe place.\n".utf8) + line
            defer {
                OPENSSL_cleanse(&line, line.count)
                OPENSSL_cleanse(&text, text.count)
            }
            try durably {
                try DurableFile.write(text, to: file)
                try DurableFile.sync(file)
                try DurableFile.syncFolder(of: path)
            }
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Adds a random key as the last line and returns its id.
    func add() throws -> String {
        var added = ""
        try edit(keepingOldFileAs: nil) { text, keys in
            let names = Set(keys.keyIDs + keys.retiredKeyIDs)
            guard names.count < KeySet.keysMax else { throw KeyringError(.full, path: path, detail: String(KeySet.keysMax)) }
            let (keyID, line) = try randomLine(notNamed: names)
            added = keyID
            let isEnded = text.last == UInt8(ascii: "\n") || text.isEmpty
            return text + (isEnded ? [] : [UInt8(ascii: "\n")]) + line
        }
        return added
    }

    /// Replaces a key by what tags are made with. The file as it was is kept beside it; returns where.
    func retire(_ keyID: String) throws -> String {
        let kept = "\(try realPath()).before-\(keyID)"
        try edit(keepingOldFileAs: kept) { text, keys in
            guard keys.contains(keyID), let root = keys.signingRoot(of: keyID) else {
                throw KeyringError(.unknownKey, path: path, detail: keyID)
            }
            guard keys.keyIDs.count > 1 else { throw KeyringError(.lastKey, path: path, detail: keyID) }
            return KeyringLines.retiring(keyID, in: text, root: root)
        }
        return kept
    }

    // MARK: Changing the file

    /// Replaces the file by what `change` makes of it: written beside it, synced, and renamed, so that a crash leaves the old file or the new.
    /// Whoever changes it holds a lock on its folder. Owner and mode are kept.
    private func edit(keepingOldFileAs kept: String?, _ change: ([UInt8], KeySet) throws -> [UInt8]) throws {
        let real = try realPath()
        let folder = try lockedFolder(of: real)
        defer { close(folder) }
        // Root may change the file of the daemon's account.
        try withBytes(mayBeOthers: geteuid() == 0) { bytes, status in
            let keys = try KeyringLines(path: path, text: bytes).keys()
            var (old, text) = (Array(bytes), [UInt8]())
            defer {
                OPENSSL_cleanse(&old, old.count)
                OPENSSL_cleanse(&text, text.count)
            }
            text = try change(old, keys)
            try checkNothingIsLost(text, keys)
            try replace(real, by: text, like: status, keepingOldFileAs: kept)
            try durably { try DurableFile.sync(folder) }
        }
    }

    /// The new text must be a keyring with all names of the old one.
    private func checkNothingIsLost(_ text: [UInt8], _ keys: KeySet) throws {
        guard text.count <= Self.bytesMax else { throw KeyringError(.tooLarge, path: path, detail: "64 kB") }
        let new = try text.withUnsafeBytes { try KeyringLines(path: path, text: $0).keys() }
        let names = Set(new.keyIDs + new.retiredKeyIDs)
        if let lost = (keys.keyIDs + keys.retiredKeyIDs).first(where: { !names.contains($0) }) ?? keys.firstKey(withOtherBytesThanIn: new) {
            throw KeyringError(.keyLost, path: path, detail: lost)
        }
    }

    private func replace(_ real: String, by text: [UInt8], like status: stat, keepingOldFileAs kept: String?) throws {
        let draft = real + Self.draftSuffix
        // A crash may have left one; the folder's lock is held.
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw failure(.notWritable, errno) }
        defer { close(file) }
        do {
            let isOwn = status.st_uid == geteuid() && status.st_gid == getegid()
            guard isOwn || fchown(file, status.st_uid, status.st_gid) == 0, fchmod(file, status.st_mode & 0o777) == 0 else {
                throw failure(.notWritable, errno)
            }
            try durably {
                try DurableFile.write(text, to: file)
                try DurableFile.sync(file)
            }
            if let kept, link(real, kept) != 0, errno != EEXIST { throw failure(.notWritable, errno) }
            guard rename(draft, real) == 0 else { throw failure(.notWritable, errno) }
        } catch {
            unlink(draft)
            throw error
        }
    }

    /// The file itself, if `path` is a symbolic link to it.
    private func realPath() throws -> String {
        guard let real = realpath(path, nil) else { throw failure(.unreadable, errno) }
        defer { free(real) }
        return String(cString: real)
    }

    /// The folder, open and locked until it is closed: two processes that change the file take turns.
    private func lockedFolder(of file: String) throws -> Int32 {
        let folder = open(URL(filePath: file).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(.notWritable, errno) }
        guard flock(folder, LOCK_EX) == 0 else {
            let reason = errno
            close(folder)
            throw failure(.notWritable, reason)
        }
        return folder
    }

    // MARK: Reading and writing

    private func withBytes<R>(mayBeOthers: Bool, _ body: (UnsafeRawBufferPointer, stat) throws -> R) throws -> R {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(.unreadable, errno) }
        defer { close(file) }
        let status = try checkOwnerAndMode(of: file, mayBeOthers: mayBeOthers)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bytesMax + 1, alignment: 16)
        defer {
            OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            buffer.deallocate()
        }
        let count = try readAll(file, into: buffer)
        guard count <= Self.bytesMax else { throw KeyringError(.tooLarge, path: path, detail: "64 kB") }
        return try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]), status)
    }

    private func checkOwnerAndMode(of file: Int32, mayBeOthers: Bool) throws -> stat {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(.unreadable, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw KeyringError(.notAFile, path: path) }
        let access = KeyringAccess(
            owner: status.st_uid, mode: status.st_mode & 0o777, user: mayBeOthers ? status.st_uid : geteuid(),
            isCredential: credentialsDirectory.map { path.hasPrefix($0 + "/") } ?? false)
        if let refusal = access.refusal { throw KeyringError(refusal, path: path, detail: String(access.mode, radix: 8)) }
        return status
    }

    private func readAll(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        var count = 0
        while count < buffer.count {
            let received = read(file, buffer.baseAddress! + count, buffer.count - count)
            if received < 0 && errno == EINTR { continue }
            guard received >= 0 else { throw failure(.unreadable, errno) }
            if received == 0 { break }
            count += received
        }
        return count
    }

    /// A line with a random key under a random name, which the caller wipes.
    private func randomLine(notNamed taken: Set<String>) throws -> (keyID: String, line: [UInt8]) {
        var key = [UInt8](repeating: 0, count: KeySet.keyByteCount)
        defer { OPENSSL_cleanse(&key, key.count) }
        guard RAND_priv_bytes(&key, Int32(key.count)) == 1 else { throw noRandomNumbers }
        var keyID = ""
        repeat {
            var name = [UInt8](repeating: 0, count: 4)
            guard RAND_bytes(&name, Int32(name.count)) == 1 else { throw noRandomNumbers }
            keyID = "k" + Hexadecimal.text(name)
        } while taken.contains(keyID)
        return (keyID, Array("\(keyID) ".utf8) + key.withUnsafeBytes(Base64.encode) + [UInt8(ascii: "\n")])
    }

    private var noRandomNumbers: KeyringError { KeyringError(.notWritable, path: path, detail: "no random numbers") }

    /// - Throws: `KeyringError.notWritable`.
    private func durably(_ body: () throws -> Void) throws {
        do { try body() } catch let error as DurableFile.Failure { throw failure(.notWritable, error.number) }
    }

    private func failure(_ code: KeyringError.Code, _ number: Int32) -> KeyringError {
        KeyringError(code, path: path, detail: String(cString: strerror(number)))
    }
}

/// A keyring file's owner and permissions; decides whether its keys are still secret.
struct KeyringAccess {
    let owner: uid_t
    /// Permission bits.
    let mode: mode_t
    /// The user of this process.
    let user: uid_t
    /// The file is in the folder that systemd protects for this service. Newer versions give it to root with an access list, whose mask
    /// shows in the group's bits.
    let isCredential: Bool

    /// Why the file is not accepted; nil: it is.
    var refusal: KeyringError.Code? {
        guard owner == user || owner == 0 else { return .wrongOwner }
        let refused: mode_t = isCredential && owner == 0 ? 0o037 : 0o077
        return mode & refused == 0 ? nil : .wrongPermissions
    }
}
