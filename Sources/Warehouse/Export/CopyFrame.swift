/// What stands around the rows of a binary COPY (PostgreSQL documentation, COPY, "Binary Format"): a header once, a mark after the last row.
struct CopyFrame {
    private enum Place {
        /// Can transition to: rows.
        case header
        /// Can transition to: end.
        case rows
        case end
    }

    private static let signature: [UInt8] = [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00]
    private var place = Place.header

    var hasEnded: Bool { place == .end }

    /// How many fields the next row has, which the caller then reads; nil when there is no more in these bytes.
    mutating func nextRow(_ cursor: inout CopyCursor) throws(WarehouseError) -> Int? {
        if place == .header { try readHeader(&cursor) }
        guard cursor.left_bytes > 0 else { return nil }
        guard place == .rows else { throw .brokenCopy("it goes on after its end") }
        let count = Int(try cursor.integer(Int16.self))
        if count >= 0 { return count }
        guard count == -1 else { throw .brokenCopy("a row has a negative number of fields") }
        place = .end
        return try nextRow(&cursor)
    }

    /// A reader must refuse the flags from bit 16 on that it does not know, and may pass over an extension.
    private mutating func readHeader(_ cursor: inout CopyCursor) throws(WarehouseError) {
        guard try cursor.bytes(Self.signature.count).elementsEqual(Self.signature) else { throw .brokenCopy("it is not a binary COPY") }
        guard try cursor.integer(UInt32.self) >> 16 == 0 else { throw .brokenCopy("its header has unknown flags") }
        _ = try cursor.bytes(Int(try cursor.integer(Int32.self)))
        place = .rows
    }
}
