/// Writes a tree of values as a FlatBuffer from front to back: a reference comes before its target (flatbuffers.dev, "FlatBuffer Internals").
///
/// Meant for short messages: equal vtables are not shared, and each table begins at a multiple of 8 bytes.
struct FlatBuffer {
    private var bytes: [UInt8] = []

    /// The bytes, a multiple of 8 of them.
    static func encode(_ root: FlatNode) -> [UInt8] {
        var buffer = FlatBuffer()
        buffer.bytes.appendZeros(4)
        buffer.refer(from: 0, to: root)
        buffer.bytes.pad(to: 8)
        return buffer.bytes
    }

    private mutating func store(_ node: FlatNode, at place: Int) {
        switch node {
        case .uint8(let value): bytes.storeLittleEndian(value, at: place)
        case .int16(let value): bytes.storeLittleEndian(value, at: place)
        case .int32(let value): bytes.storeLittleEndian(value, at: place)
        case .int64(let value): bytes.storeLittleEndian(value, at: place)
        case .string, .table, .tables, .pairs: refer(from: place, to: node)
        }
    }

    /// A reference is the distance from its own place to its target.
    private mutating func refer(from place: Int, to node: FlatNode) {
        let target = append(node)
        bytes.storeLittleEndian(UInt32(target - place), at: place)
    }

    /// Returns the place at which the node was written.
    private mutating func append(_ node: FlatNode) -> Int {
        switch node {
        case .string(let text): appendString(text)
        case .table(let slots): appendTable(slots)
        case .tables(let tables): appendTables(tables)
        case .pairs(let pairs): appendPairs(pairs)
        case .uint8, .int16, .int32, .int64: preconditionFailure("a number stands in its table")
        }
    }

    /// Length, bytes, and a zero that the length does not count.
    private mutating func appendString(_ text: String) -> Int {
        bytes.pad(to: 4)
        let start = bytes.count
        bytes.appendLittleEndian(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
        return start
    }

    /// The vtable comes first: its own length, the table's, and each field's place in the table, 0 for the default. The table begins with the
    /// distance back to it.
    private mutating func appendTable(_ slots: [FlatNode?]) -> Int {
        let (places, table_bytes) = Self.layout(slots)
        let fields_bytes = 4 + 2 * slots.count
        bytes.pad(to: 8, before: fields_bytes)
        for length in [fields_bytes, table_bytes] + places { bytes.appendLittleEndian(UInt16(length)) }
        let start = bytes.count
        bytes.appendLittleEndian(Int32(fields_bytes))
        bytes.appendZeros(table_bytes - 4)
        for (slot, place) in zip(slots, places) {
            if let slot { store(slot, at: start + place) }
        }
        return start
    }

    private static func layout(_ slots: [FlatNode?]) -> (places: [Int], table_bytes: Int) {
        var next = 4
        let places = slots.map { slot in
            guard let slot else { return 0 }
            let place = (next + slot.size_bytes - 1) / slot.size_bytes * slot.size_bytes
            next = place + slot.size_bytes
            return place
        }
        return (places, next)
    }

    private mutating func appendTables(_ tables: [FlatNode]) -> Int {
        bytes.pad(to: 4)
        let start = bytes.count
        bytes.appendLittleEndian(UInt32(tables.count))
        bytes.appendZeros(4 * tables.count)
        for (index, table) in tables.enumerated() { refer(from: start + 4 + 4 * index, to: table) }
        return start
    }

    /// The pairs are aligned, not the length before them.
    private mutating func appendPairs(_ pairs: [(Int64, Int64)]) -> Int {
        bytes.pad(to: 8, before: 4)
        let start = bytes.count
        bytes.appendLittleEndian(UInt32(pairs.count))
        for (first, second) in pairs {
            bytes.appendLittleEndian(first)
            bytes.appendLittleEndian(second)
        }
        return start
    }
}

/// The values of a FlatBuffer that Arrow's messages need. A table's fields stand in the order of their slots, nil for the default.
indirect enum FlatNode {
    case uint8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case string(String)
    case table([FlatNode?])
    case tables([FlatNode])
    /// A vector of structs of two 64-bit numbers each.
    case pairs([(Int64, Int64)])

    /// Its size in its table, and its alignment. All but numbers are references.
    fileprivate var size_bytes: Int {
        switch self {
        case .uint8: 1
        case .int16: 2
        case .int32, .string, .table, .tables, .pairs: 4
        case .int64: 8
        }
    }
}

/// Little-endian numbers, as in Arrow's buffers and in FlatBuffers.
extension [UInt8] {
    mutating func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func storeLittleEndian<Value: FixedWidthInteger>(_ value: Value, at place: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: place, as: Value.self) }
    }

    mutating func appendZeros(_ count: Int) { append(contentsOf: repeatElement(0, count: count)) }

    /// Appends zeros so that the byte `offset` further on lies at a multiple of `alignment`.
    mutating func pad(to alignment: Int, before offset: Int = 0) {
        let over = (count + offset) % alignment
        if over > 0 { appendZeros(alignment - over) }
    }
}
