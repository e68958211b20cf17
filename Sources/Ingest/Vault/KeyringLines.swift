import Glibc

/// Reads the lines of a keyring and copies each key from the caller's buffer straight into locked memory.
struct KeyringLines {
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
