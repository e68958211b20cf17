/// The header and the end mark around the rows of a binary COPY (PostgreSQL documentation, COPY, "Binary Format").
struct CopyFrame {
    private enum Section {
        /// Can transition to: rows.
        case header
        /// Can transition to: end.
        case rows
        case end
    }

    private static let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
    private var section = Section.header

    var hasEnded: Bool { section == .end }

    /// The number of fields of the next row, which the caller then reads; nil at the end of these bytes.
    mutating func nextRow(_ cursor: inout CopyCursor) throws(WarehouseError) -> Int? {
        if section == .header { try readHeader(&cursor) }
        guard cursor.left_bytes > 0 else { return nil }
        guard section == .rows else { throw .brokenCopy("it goes on after its end") }
        let count = Int(try cursor.integer(Int16.self))
        if count >= 0 { return count }
        guard count == -1 else { throw .brokenCopy("a row has a negative number of fields") }
        section = .end
        return try nextRow(&cursor)
    }

    /// A reader must refuse unknown flags from bit 16 on, and may skip the extension.
    private mutating func readHeader(_ cursor: inout CopyCursor) throws(WarehouseError) {
        guard try cursor.bytes(Self.signature.count).elementsEqual(Self.signature) else { throw .brokenCopy("it is not a binary COPY") }
        guard try cursor.integer(UInt32.self) >> 16 == 0 else { throw .brokenCopy("its header has unknown flags") }
        _ = try cursor.bytes(Int(try cursor.integer(Int32.self)))
        section = .rows
    }
}

/// Reads borrowed bytes of a binary COPY from front to back, and never beyond them. Its errors hold no value.
struct CopyCursor {
    private var rest: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { rest = bytes }

    var left_bytes: Int { rest.count }

    @inline(__always)
    mutating func bytes(_ count: Int) throws(WarehouseError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= rest.count else { throw .brokenCopy("it ends inside a value") }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest[count...]) }
        return UnsafeRawBufferPointer(rebasing: rest[..<count])
    }

    @inline(__always)
    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(WarehouseError) -> Value {
        Value(bigEndian: try bytes(MemoryLayout<Value>.size).loadUnaligned(as: Value.self))
    }

    /// A row's field or an array's element; nil for NULL.
    @inline(__always)
    mutating func field() throws(WarehouseError) -> UnsafeRawBufferPointer? {
        let length = Int(try integer(Int32.self))
        return length == -1 ? nil : try bytes(length)
    }
}

extension WarehouseError {
    static func brokenCopy(_ what: String) -> WarehouseError { WarehouseError(.brokenCopy, "the rows to export can't be read: \(what)") }
}
