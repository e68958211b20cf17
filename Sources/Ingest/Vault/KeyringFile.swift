import COpenSSL
import Foundation
import Glibc

/// The keyring's file: its permissions, reading and durable writing. `KeyringLines` reads its lines.
struct KeyringFile {
    /// Enough for 64 keys and comments.
    private static let bytesMax = 64 * 1024

    private let path: String

    init(path: String) { self.path = path }

    func load(credentialsDirectory: String?) throws -> Keyring {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(.unreadable, errno) }
        defer { close(file) }
        try checkOwnerAndMode(of: file, credentialsDirectory: credentialsDirectory)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bytesMax + 1, alignment: 16)
        defer {
            OPENSSL_cleanse(buffer.baseAddress, buffer.count)
            buffer.deallocate()
        }
        let count = try readAll(file, into: buffer)
        guard count <= Self.bytesMax else { throw KeyringError(.tooLarge, path: path, detail: "64 kB") }
        return try KeyringLines(path: path, text: UnsafeRawBufferPointer(rebasing: buffer[..<count])).keyring()
    }

    func create() throws {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw errno == EEXIST ? KeyringError(.exists, path: path) : failure(.notWritable, errno) }
        defer { close(file) }
        do {
            guard fchmod(file, 0o600) == 0 else { throw failure(.notWritable, errno) }
            try writeNewKey(to: file)
            guard fsync(file) == 0 else { throw failure(.notWritable, errno) }
            try syncFolder()
        } catch {
            unlink(path)
            throw error
        }
    }

    private func checkOwnerAndMode(of file: Int32, credentialsDirectory: String?) throws {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(.unreadable, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw KeyringError(.notAFile, path: path) }
        let access = KeyringAccess(
            owner: status.st_uid, mode: status.st_mode & 0o777, user: geteuid(),
            isCredential: credentialsDirectory.map { path.hasPrefix($0 + "/") } ?? false)
        if let refusal = access.refusal { throw KeyringError(refusal, path: path, detail: String(access.mode, radix: 8)) }
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

    private func writeNewKey(to file: Int32) throws {
        var key = [UInt8](repeating: 0, count: Keyring.keyByteCount)
        var name = [UInt8](repeating: 0, count: 4)
        guard RAND_priv_bytes(&key, Int32(key.count)) == 1, RAND_bytes(&name, Int32(name.count)) == 1 else {
            throw KeyringError(.notWritable, path: path, detail: "no random numbers")
        }
        let keyID = "k" + name.map { String(format: "%02x", $0) }.joined()
        var text = Array("# Keyring of fitnessd: the first key seals, the others only open. Keep a copy in a safe place.\n\(keyID) ".utf8)
        text += key.withUnsafeBytes(Base64.encode) + [UInt8(ascii: "\n")]
        defer {
            OPENSSL_cleanse(&key, key.count)
            OPENSSL_cleanse(&text, text.count)
        }
        try writeAll(text, to: file)
    }

    private func writeAll(_ bytes: [UInt8], to file: Int32) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, bytes.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw failure(.notWritable, errno) }
            written += count
        }
    }

    /// A new name is durable only once its folder is synced.
    private func syncFolder() throws {
        let folder = open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure(.notWritable, errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw failure(.notWritable, errno) }
    }

    private func failure(_ code: KeyringError.Code, _ number: Int32) -> KeyringError {
        KeyringError(code, path: path, detail: String(cString: strerror(number)))
    }
}

/// Reads the lines of a keyring and copies each key from the caller's buffer straight into locked memory.
private struct KeyringLines {
    private struct Entry {
        let keyID: String
        let key: UnsafeRawBufferPointer
        let line: Int
    }

    let path: String
    let text: UnsafeRawBufferPointer

    func keyring() throws -> Keyring {
        let entries = try entries()
        guard !entries.isEmpty else { throw KeyringError(.empty, path: path) }
        var malformedLine: Int?
        let keyring = Keyring(keyIDs: entries.map(\.keyID)) { memory in
            for (index, entry) in entries.enumerated() {
                let start = index * Keyring.keyByteCount
                let slot = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + Keyring.keyByteCount])
                if !Base64.decode(entry.key, into: slot), malformedLine == nil { malformedLine = entry.line }
            }
        }
        if let malformedLine { throw KeyringError(.malformed, path: path, detail: String(malformedLine)) }
        guard let keyring else { throw KeyringError(.notLockable, path: path, detail: String(cString: strerror(errno))) }
        return keyring
    }

    private func entries() throws -> [Entry] {
        var entries: [Entry] = []
        var seen: Set<String> = []
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let entry = try entry(in: line, number: index + 1) else { continue }
            guard seen.insert(entry.keyID).inserted else { throw KeyringError(.duplicate, path: path, detail: String(index + 1)) }
            entries.append(entry)
            guard entries.count <= Keyring.keysMax else { throw KeyringError(.tooLarge, path: path, detail: "\(Keyring.keysMax) keys") }
        }
        return entries
    }

    private func entry(in line: Slice<UnsafeRawBufferPointer>, number: Int) throws -> Entry? {
        let content = line.prefix { $0 != UInt8(ascii: "#") }
        let words = content.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
        if words.isEmpty { return nil }
        guard words.count == 2, isKeyID(words[0]) else { throw KeyringError(.malformed, path: path, detail: String(number)) }
        let keyID = String(decoding: words[0], as: UTF8.self)
        return Entry(keyID: keyID, key: UnsafeRawBufferPointer(rebasing: words[1]), line: number)
    }

    private func isKeyID(_ word: Slice<UnsafeRawBufferPointer>) -> Bool {
        (1...32).contains(word.count)
            && word.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"): true
                default: false
                }
            }
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

/// Standard base64 (RFC 4648, section 4) for keys, directly from and into the caller's memory, so that no copy is left behind. Foundation's
/// would leave one.
enum Base64 {
    /// Decodes exactly `output.count` bytes. False when `text` is not their canonical padded encoding.
    static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        let paddingCount = (3 - output.count % 3) % 3
        guard text.count == (output.count + 2) / 3 * 4 else { return false }
        guard text.suffix(paddingCount).allSatisfy({ $0 == UInt8(ascii: "=") }) else { return false }
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        var written = 0
        for byte in text.dropLast(paddingCount) {
            guard let value = value(of: byte) else { return false }
            bits = bits << 6 | value
            bitCount += 6
            guard bitCount >= 8 else { continue }
            bitCount -= 8
            output[written] = UInt8(truncatingIfNeeded: bits >> bitCount)
            bits &= (1 << bitCount) - 1
            written += 1
        }
        return written == output.count && bits == 0
    }

    static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
            for position in 0..<4 {
                let isPadding = position > group.count
                text.append(isPadding ? UInt8(ascii: "=") : digit(bits >> (18 - 6 * UInt32(position)) & 63))
            }
        }
        return text
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }

    private static func digit(_ value: UInt32) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + UInt8(value)
        case 26..<52: UInt8(ascii: "a") + UInt8(value - 26)
        case 52..<62: UInt8(ascii: "0") + UInt8(value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
