import Foundation

/// Writes a ZIP archive from beginning to end without going back (APPNOTE 6.3.10 of PKWARE): sizes follow the data of each file.
///
/// A file has less than 4 GiB, so that its sizes fit the classic fields, which every program reads; the archive may be larger and then ends with
/// the records of ZIP64. In memory are one file's compressor and a line of the directory for each file.
struct ZipStream {
    /// Bytes of one file before compression: a caller with more begins another file.
    static let fileBytesMax: UInt64 = 2 << 30

    private struct Entry {
        let name: [UInt8]
        let offset: UInt64
        var crc: UInt32 = 0
        var packedBytes: UInt32 = 0
        var plainBytes: UInt32 = 0
    }

    private var entries: [Entry] = []
    private var open: Deflate?
    private var offset: UInt64
    private let stamp: (time: UInt16, day: UInt16)

    /// - Parameters:
    ///   - now: the time that all files bear, in UTC.
    ///   - offset: bytes that stand before the archive.
    init(now: Date, offset: UInt64 = 0) {
        self.offset = offset
        stamp = Self.stamp(now)
    }

    /// Bytes of the open file so far, before compression.
    var fileBytes: UInt64 { open?.plainBytes ?? 0 }

    /// Begins a file; the one before must have ended.
    mutating func begin(_ name: String) -> [UInt8] {
        precondition(open == nil, "one file ends before the next begins")
        let entry = Entry(name: Array(name.utf8), offset: offset)
        entries.append(entry)
        open = Deflate()
        return sent(Self.le32(0x0403_4b50) + header(entry) + Self.le16(UInt16(entry.name.count)) + Self.le16(0) + entry.name)
    }

    mutating func add(_ bytes: [UInt8]) -> [UInt8] {
        let packed = open?.add(bytes) ?? []
        return sent(packed)
    }

    /// Ends the file that is open.
    mutating func end() -> [UInt8] {
        guard let file = open else { return [] }
        open = nil
        let rest = file.finish()
        precondition(max(file.plainBytes, file.packedBytes) < UInt64(UInt32.max), "the caller keeps to fileBytesMax")
        let last = entries.count - 1
        entries[last].crc = file.crc
        entries[last].packedBytes = UInt32(file.packedBytes)
        entries[last].plainBytes = UInt32(file.plainBytes)
        return sent(rest + Self.le32(0x0807_4b50) + sizes(entries[last]))
    }

    /// The directory, which ends the archive.
    mutating func finish() -> [UInt8] {
        let start = offset
        var directory: [UInt8] = []
        for entry in entries {
            let extra = entry.offset < UInt64(UInt32.max) ? [] : Self.le16(1) + Self.le16(8) + Self.le64(entry.offset)
            directory += Self.le32(0x0201_4b50) + Self.le16(Self.madeBy) + header(entry)
            directory += Self.le16(UInt16(entry.name.count)) + Self.le16(UInt16(extra.count)) + [UInt8](repeating: 0, count: 6)
            // A regular file that its owner reads and writes.
            directory += Self.le32(0o100600 << 16) + Self.le32(UInt32(clamping: entry.offset)) + entry.name + extra
        }
        return sent(directory + end(of: directory, at: start))
    }

    // MARK: Records

    private static let version: UInt16 = 45
    /// Unix, so that the mode counts.
    private static let madeBy: UInt16 = 3 << 8 | version

    /// Sizes follow the data (bit 3), names are UTF-8 (bit 11), method 8 is deflate.
    private func header(_ entry: Entry) -> [UInt8] {
        Self.le16(entry.offset < UInt64(UInt32.max) ? 20 : Self.version) + Self.le16(1 << 3 | 1 << 11) + Self.le16(8)
            + Self.le16(stamp.time)
            + Self.le16(stamp.day) + sizes(entry)
    }

    private func sizes(_ entry: Entry) -> [UInt8] { Self.le32(entry.crc) + Self.le32(entry.packedBytes) + Self.le32(entry.plainBytes) }

    private func end(of directory: [UInt8], at start: UInt64) -> [UInt8] {
        let (count, bytes) = (UInt64(entries.count), UInt64(directory.count))
        var end: [UInt8] = []
        if start >= UInt64(UInt32.max) || count >= UInt64(UInt16.max) {
            end += Self.le32(0x0606_4b50) + Self.le64(44) + Self.le16(Self.madeBy) + Self.le16(Self.version) + Self.le32(0) + Self.le32(0)
            end += Self.le64(count) + Self.le64(count) + Self.le64(bytes) + Self.le64(start)
            end += Self.le32(0x0706_4b50) + Self.le32(0) + Self.le64(start + bytes) + Self.le32(1)
        }
        let count16 = UInt16(clamping: count)
        end += Self.le32(0x0605_4b50) + Self.le16(0) + Self.le16(0) + Self.le16(count16) + Self.le16(count16)
        return end + Self.le32(UInt32(clamping: bytes)) + Self.le32(UInt32(clamping: start)) + Self.le16(0)
    }

    private mutating func sent(_ bytes: [UInt8]) -> [UInt8] {
        offset += UInt64(bytes.count)
        return bytes
    }

    /// As MS-DOS counts: from 1980, in steps of two seconds.
    private static func stamp(_ now: Date) -> (time: UInt16, day: UInt16) {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: now)
        let year = min(max((parts.year ?? 1980) - 1980, 0), 127)
        let day = year << 9 | (parts.month ?? 1) << 5 | (parts.day ?? 1)
        let time = (parts.hour ?? 0) << 11 | (parts.minute ?? 0) << 5 | (parts.second ?? 0) / 2
        return (UInt16(time), UInt16(day))
    }

    private static func le16(_ number: UInt16) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }
    private static func le32(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }
    private static func le64(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.littleEndian) { [UInt8]($0) } }
}
