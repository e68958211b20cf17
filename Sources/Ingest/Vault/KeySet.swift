import COpenSSL

/// The keys of a keyring as its file had them at one time. Immutable.
struct KeySet: Sendable {
    static let keyByteCount = 32
    /// One page of locked memory holds them all; there is no good reason to keep more old keys.
    static let keysMax = 64

    struct Entry: Sendable {
        let keyID: String
        /// Only what tags are made with is left of the key.
        let isRetired: Bool
    }

    let firstKeyID: String
    private let entries: [Entry]
    private let memory: LockedMemory

    /// - Parameter fill: writes the entries' bytes, 32 each, in their order: the key, or of a retired one its signing root.
    init?(entries: [Entry], fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let first = entries.first(where: { !$0.isRetired }) else { return nil }
        guard let memory = LockedMemory(byteCount: entries.count * Self.keyByteCount, fill: fill) else { return nil }
        firstKeyID = first.keyID
        self.entries = entries
        self.memory = memory
    }

    /// The ids of the keys that open, in the order of the file.
    var keyIDs: [String] { entries.filter { !$0.isRetired }.map(\.keyID) }
    var retiredKeyIDs: [String] { entries.filter(\.isRetired).map(\.keyID) }

    func contains(_ keyID: String) -> Bool { entries.contains { $0.keyID == keyID && !$0.isRetired } }

    /// Calls `body` with the bytes of a key that is not retired. Nil when there is none of that name.
    func withKey<R>(_ keyID: String, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R? {
        guard let index = entries.firstIndex(where: { $0.keyID == keyID && !$0.isRetired }) else { return nil }
        return try withBytes(at: index, body)
    }

    /// What the keys sign with, retired ones included, in the order of the file. The caller wipes them.
    func signingRoots() -> [[UInt8]] { entries.indices.map(signingRoot) }

    /// What a key signs with. The caller wipes it.
    func signingRoot(of keyID: String) -> [UInt8]? {
        entries.firstIndex { $0.keyID == keyID }.map(signingRoot)
    }

    /// The first key, retired or not, that is another one in `other`.
    func firstKey(withOtherBytesThanIn other: KeySet) -> String? {
        entries.first { entry in
            guard var mine = signingRoot(of: entry.keyID), var theirs = other.signingRoot(of: entry.keyID) else { return false }
            defer {
                OPENSSL_cleanse(&mine, mine.count)
                OPENSSL_cleanse(&theirs, theirs.count)
            }
            return CRYPTO_memcmp(mine, theirs, mine.count) != 0
        }?.keyID
    }

    private func signingRoot(at index: Int) -> [UInt8] {
        withBytes(at: index) { bytes in entries[index].isRetired ? Array(bytes) : HMACSHA256.signingRoot(of: bytes) }
    }

    private func withBytes<R>(at index: Int, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        let start = index * Self.keyByteCount
        return try memory.withBytes(start..<start + Self.keyByteCount, body)
    }
}

/// HMAC-SHA256 (RFC 2104) by OpenSSL.
enum HMACSHA256 {
    static let byteCount = 32

    /// What remains of a key when it is retired: tags are made from it, and nothing can be opened with it.
    static func signingRoot(of key: UnsafeRawBufferPointer) -> [UInt8] { of(Array("fitnessd signing root".utf8), under: key) }

    static func of(_ message: [UInt8], under key: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
            let made = HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), message, message.count, target.baseAddress, nil)
            precondition(made != nil, "OpenSSL can always compute HMAC-SHA-256 in memory")
            count = byteCount
        }
    }
}
