import Database

/// Builds the bytes of `COPY … FROM STDIN (FORMAT binary)`, row by row (PostgreSQL documentation, COPY, "Binary Format").
public struct BinaryCopy: Sendable {
    public private(set) var bytes: [UInt8]

    /// The signature of eleven bytes, which reveals a transfer as text; then flags and the length of the header's extension, both 0.
    private static let header: [UInt8] = [
        0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
    ]

    public init() { bytes = BinaryCopy.header }

    public mutating func row<each Value: SQLEncodable>(_ values: repeat each Value) {
        var fields: [[UInt8]?] = []
        repeat fields.append((each values).encodedSQL())
        append(Int16(fields.count))
        for field in fields {
            append(Int32(field?.count ?? -1))
            bytes += field ?? []
        }
    }

    /// All bytes, with the end mark.
    public consuming func finish() -> [UInt8] {
        append(Int16(-1))
        return bytes
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}
