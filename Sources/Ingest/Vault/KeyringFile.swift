import COpenSSL
import Foundation
import Glibc

/// The keyring's file: who may see it, and how it gets onto disk. What its lines mean is `KeyringLines`' matter.
struct KeyringFile {
    /// 64 keys with room for comments.
    static let bytesMax = 64 * 1024

    let path: String

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

    /// The name itself is only on disk once the folder is.
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
