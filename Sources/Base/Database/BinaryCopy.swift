/// Builds the bytes of `COPY … FROM STDIN (FORMAT binary)`, row by row (PostgreSQL documentation, COPY, "Binary Format").
public struct BinaryCopy: Sendable {
    public private(set) var bytes: [UInt8]
    public private(set) var rowCount = 0

    /// Eleven bytes that tell text from binary and show damage in transit; then flags and the length of the header's extension, both 0.
    private static let header: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]

    public init() { bytes = BinaryCopy.header }

    public mutating func row<each Value: SQLEncodable>(_ values: repeat each Value) {
        let start = bytes.count
        bytes.appendBigEndian(Int16(0))
        var count: Int16 = 0
        repeat append(each values, &count)
        bytes[start] = UInt8(truncatingIfNeeded: count >> 8)
        bytes[start + 1] = UInt8(truncatingIfNeeded: count)
        rowCount += 1
    }

    /// The whole, with its end mark.
    public consuming func finish() -> [UInt8] {
        bytes.appendBigEndian(Int16(-1))
        return bytes
    }

    private mutating func append<Value: SQLEncodable>(_ value: Value, _ count: inout Int16) {
        let start = bytes.count
        bytes.appendBigEndian(Int32(-1))
        if value.encodeSQL(into: &bytes) { bytes.replaceBigEndian(at: start, with: Int32(bytes.count - start - 4)) }
        count += 1
    }
}
