import Foundation

/// Reads the lines of a keyring and copies each key from the caller's buffer straight into locked memory.
struct KeyringLines {
    /// Stands between the name and the bytes of a retired key.
    private static let retiredWord = "retired"

    private struct Entry {
        let keyID: String
        let isRetired: Bool
        let key: UnsafeRawBufferPointer
        let line: Int
    }

    let path: String
    let text: UnsafeRawBufferPointer

    /// - Throws: `KeyringError`.
    func keys() throws -> KeySet {
        let entries = try entries()
        guard entries.contains(where: { !$0.isRetired }) else { throw KeyringError(.empty, path: path) }
        var malformedLine: Int?
        let keys = KeySet(entries: entries.map { KeySet.Entry(keyID: $0.keyID, isRetired: $0.isRetired) }) { memory in
            for (index, entry) in entries.enumerated() {
                let start = index * KeySet.keyByteCount
                let slot = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + KeySet.keyByteCount])
                if !Base64.decode(entry.key, into: slot), malformedLine == nil { malformedLine = entry.line }
            }
        }
        if let malformedLine { throw KeyringError(.malformed, path: path, detail: String(malformedLine)) }
        guard let keys else { throw KeyringError(.notLockable, path: path, detail: String(cString: strerror(errno))) }
        return keys
    }

    /// The text with the line of `keyID` replaced by that of a retired key. All other lines stay as they are.
    static func retiring(_ keyID: String, in text: [UInt8], root: [UInt8]) -> [UInt8] {
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let new = Array("\(keyID) \(retiredWord) ".utf8) + root.withUnsafeBytes(Base64.encode)
        let changed = lines.map { words(of: $0).first.map { Array($0) } == Array(keyID.utf8) ? new : Array($0) }
        return Array(changed.joined(separator: [UInt8(ascii: "\n")]))
    }

    private func entries() throws -> [Entry] {
        var entries: [Entry] = []
        var seen: Set<String> = []
        let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let entry = try entry(in: line, number: index + 1) else { continue }
            guard seen.insert(entry.keyID).inserted else { throw KeyringError(.duplicate, path: path, detail: String(index + 1)) }
            entries.append(entry)
            guard entries.count <= KeySet.keysMax else { throw KeyringError(.tooLarge, path: path, detail: "\(KeySet.keysMax) keys") }
        }
        return entries
    }

    private func entry(in line: Slice<UnsafeRawBufferPointer>, number: Int) throws -> Entry? {
        let words = Self.words(of: line)
        if words.isEmpty { return nil }
        let isRetired = words.count == 3 && words[1].elementsEqual(Self.retiredWord.utf8)
        guard words.count == 2 || isRetired, isKeyID(words[0]) else {
            throw KeyringError(.malformed, path: path, detail: String(number))
        }
        let keyID = String(decoding: words[0], as: UTF8.self)
        return Entry(keyID: keyID, isRetired: isRetired, key: UnsafeRawBufferPointer(rebasing: words[words.count - 1]), line: number)
    }

    /// The words before a comment.
    private static func words<Line: Collection<UInt8>>(of line: Line) -> [Line.SubSequence] {
        line.prefix { $0 != UInt8(ascii: "#") }
            .split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r") }
            .map { line[$0.startIndex..<$0.endIndex] }
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
