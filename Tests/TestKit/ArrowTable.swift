/// An Arrow stream read back, as far as exports use the format. Written from the specification, and knows nothing of the encoder.
public struct ArrowTable {
    public struct Field: Equatable, Sendable {
        public let name: String
        /// As `int16`, `timestamp[us, UTC]` or `list<utf8>`.
        public let type: String
        public let comment: String?

        public init(_ name: String, _ type: String, _ comment: String? = nil) {
            self.name = name
            self.type = type
            self.comment = comment
        }
    }

    public enum Value: Hashable, Sendable {
        case null, bool(Bool), int(Int64), double(Double), text(String), bytes([UInt8]), list([Value])
    }

    public private(set) var fields: [Field] = []
    public private(set) var comment: String?
    /// Of each batch its number of rows.
    public private(set) var batches: [Int] = []
    /// Of each batch the length of its body.
    public private(set) var bodies_bytes: [Int] = []
    /// Of each column its values, all batches together.
    public private(set) var columns: [[Value]] = []

    public var rowCount: Int { batches.reduce(0, +) }

    public func column(_ name: String) -> [Value]? { fields.firstIndex { $0.name == name }.map { columns[$0] } }

    /// Throws when the stream is not whole, or goes on after its end.
    public init(_ stream: [UInt8]) throws {
        var place = 0
        while let message = try Message(stream, &place) {
            switch message.tag {
            case 1: try takeSchema(message)
            case 3: try takeBatch(message)
            default: throw ArrowRefusal("a message of kind \(message.tag)")
            }
        }
        guard place == stream.count else { throw ArrowRefusal("bytes after the end") }
        guard !fields.isEmpty else { throw ArrowRefusal("no schema") }
    }

    private mutating func takeSchema(_ message: Message) throws {
        let endianness = try message.header.number(0, Int16.self) ?? 0
        guard fields.isEmpty, endianness == 0 else { throw ArrowRefusal("a second or a big-endian schema") }
        fields = try (message.header.tables(1) ?? []).map(Field.init(table:))
        comment = try ArrowTable.comment(message.header, 2)
        columns = fields.map { _ in [] }
    }

    private mutating func takeBatch(_ message: Message) throws {
        let length = Int(try message.header.number(0, Int64.self) ?? 0)
        var reader = ArrowBatchReader(
            body: message.body, nodes: try message.header.pairs(1) ?? [], buffers: try message.header.pairs(2) ?? [])
        for index in fields.indices { columns[index] += try reader.column(fields[index].type, length: length) }
        try reader.end()
        batches.append(length)
        bodies_bytes.append(message.body.count)
    }

    fileprivate static func comment(_ table: FlatTable, _ slot: Int) throws -> String? {
        try table.tables(slot)?.first { try $0.string(0) == "comment" }?.string(1)
    }

    private struct Message {
        let tag: UInt8
        let header: FlatTable
        let body: [UInt8]

        /// nil at the end.
        init?(_ stream: [UInt8], _ place: inout Int) throws {
            let mark = try stream.number(UInt32.self, at: place)
            guard mark == 0xFFFF_FFFF, place % 8 == 0 else { throw ArrowRefusal("no message at \(place)") }
            let start = place + 8
            let metadata_bytes = Int(try stream.number(UInt32.self, at: place + 4))
            place = start + metadata_bytes
            guard place <= stream.count, place % 8 == 0 else { throw ArrowRefusal("metadata of \(metadata_bytes) bytes") }
            if metadata_bytes == 0 { return nil }
            let table = try FlatTable.root(Array(stream[start..<place]))
            guard try table.number(0, Int16.self) == 4, let header = try table.table(2) else { throw ArrowRefusal("not version 5") }
            let body_bytes = Int(try table.number(3, Int64.self) ?? 0)
            guard place + body_bytes <= stream.count, body_bytes % 8 == 0 else { throw ArrowRefusal("a body of \(body_bytes) bytes") }
            body = Array(stream[place..<place + body_bytes])
            place += body_bytes
            self.header = header
            tag = try table.number(1) ?? 0
        }
    }
}

extension ArrowTable.Field {
    fileprivate init(table: FlatTable) throws {
        let isNullable = try table.number(1, UInt8.self) == 1
        guard isNullable, let name = try table.string(0) else { throw ArrowRefusal("a field without a name, or without nulls") }
        self.init(name, try Self.type(table), try ArrowTable.comment(table, 6))
    }

    private static func type(_ field: FlatTable) throws -> String {
        guard let type = try field.table(3), let children = try field.tables(5) else { throw ArrowRefusal("a field without a type") }
        switch try field.number(2, UInt8.self) {
        case 2 where try type.number(1, UInt8.self) == 1: return "int\(try type.number(0, Int32.self) ?? 0)"
        case 3: return try type.number(0, Int16.self) == 2 ? "double" : "float"
        case 4: return "binary"
        case 5: return "utf8"
        case 6: return "bool"
        case 8 where try type.number(0, Int16.self) == 0: return "date32"
        case 10 where try type.number(0, Int16.self) == 2: return try type.string(1).map { "timestamp[us, \($0)]" } ?? "timestamp[us]"
        case 12 where children.count == 1: return "list<\(try Self.type(children[0]))>"
        case let tag: throw ArrowRefusal("a type \(tag ?? 0) that no export has")
        }
    }
}

/// Takes a batch's arrays out of its body, in the order of the schema, and checks what their lengths promise.
private struct ArrowBatchReader {
    let body: [UInt8]
    var nodes: ArraySlice<(Int, Int)>
    var buffers: ArraySlice<(Int, Int)>

    init(body: [UInt8], nodes: [(Int, Int)], buffers: [(Int, Int)]) {
        self.body = body
        self.nodes = nodes[...]
        self.buffers = buffers[...]
    }

    mutating func column(_ type: String, length: Int) throws -> [ArrowTable.Value] {
        guard let (count, nulls) = nodes.popFirst(), count == length else { throw ArrowRefusal("no array of \(length) values") }
        let isValid = try validity(count, nulls)
        let values = try values(type, count)
        return zip(isValid, values).map { $0 ? $1 : .null }
    }

    func end() throws {
        guard nodes.isEmpty, buffers.isEmpty else { throw ArrowRefusal("more arrays than columns") }
    }

    private mutating func buffer() throws -> [UInt8] {
        guard let (start, count) = buffers.popFirst(), start % 8 == 0, start >= 0, count >= 0, start + count <= body.count else {
            throw ArrowRefusal("a buffer outside of the body")
        }
        return Array(body[start..<start + count])
    }

    private mutating func validity(_ count: Int, _ nulls: Int) throws -> [Bool] {
        let buffer = try buffer()
        if nulls == 0 && buffer.isEmpty { return .init(repeating: true, count: count) }
        let bits = try bits(buffer, count)
        guard bits.count(where: { !$0 }) == nulls else { throw ArrowRefusal("not the promised nulls") }
        return bits
    }

    private func bits(_ bytes: [UInt8], _ count: Int) throws -> [Bool] {
        guard bytes.count == (count + 7) / 8 else { throw ArrowRefusal("\(bytes.count) bytes for \(count) bits") }
        return (0..<count).map { bytes[$0 / 8] >> ($0 % 8) & 1 == 1 }
    }

    private mutating func values(_ type: String, _ count: Int) throws -> [ArrowTable.Value] {
        switch type {
        case "bool": return try bits(buffer(), count).map { .bool($0) }
        case "int16": return try numbers(count, Int16.self).map { .int(Int64($0)) }
        case "int32", "date32": return try numbers(count, Int32.self).map { .int(Int64($0)) }
        case "int64", "timestamp[us]", "timestamp[us, UTC]": return try numbers(count, Int64.self).map { .int($0) }
        case "float": return try numbers(count, UInt32.self).map { .double(Double(Float(bitPattern: $0))) }
        case "double": return try numbers(count, UInt64.self).map { .double(Double(bitPattern: $0)) }
        case "utf8": return try slices(count).map { .text(try $0.utf8Text()) }
        case "binary": return try slices(count).map { .bytes(Array($0)) }
        default: return try lists(String(type.dropFirst("list<".count).dropLast()), count)
        }
    }

    private mutating func numbers<Value: FixedWidthInteger>(_ count: Int, _: Value.Type) throws -> [Value] {
        let bytes = try buffer()
        let width = Value.bitWidth / 8
        guard bytes.count == count * width else { throw ArrowRefusal("\(bytes.count) bytes for \(count) numbers") }
        return try (0..<count).map { try bytes.number(Value.self, at: $0 * width) }
    }

    /// From each value's beginning to its end, the last one at the end of what it points into.
    private mutating func ranges(_ count: Int) throws -> [Range<Int>] {
        let offsets = try numbers(count + 1, Int32.self).map { Int($0) }
        guard offsets[0] == 0, zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 }) else { throw ArrowRefusal("offsets go back") }
        return zip(offsets, offsets.dropFirst()).map { $0..<$1 }
    }

    private mutating func slices(_ count: Int) throws -> [ArraySlice<UInt8>] {
        let ranges = try ranges(count)
        let bytes = try buffer()
        guard ranges.last?.upperBound ?? 0 == bytes.count else { throw ArrowRefusal("texts end elsewhere") }
        return ranges.map { bytes[$0] }
    }

    private mutating func lists(_ type: String, _ count: Int) throws -> [ArrowTable.Value] {
        let ranges = try ranges(count)
        let elements = try column(type, length: ranges.last?.upperBound ?? 0)
        return ranges.map { .list(Array(elements[$0])) }
    }
}

/// A table in a FlatBuffer, read as flatbuffers.dev describes it. What lies outside of the bytes or is not aligned is refused.
private struct FlatTable {
    private let bytes: [UInt8]
    private let start: Int

    static func root(_ bytes: [UInt8]) throws -> FlatTable {
        FlatTable(bytes: bytes, start: Int(try bytes.number(UInt32.self, at: 0)))
    }

    func number<Value: FixedWidthInteger>(_ slot: Int, _: Value.Type = Value.self) throws -> Value? {
        try place(slot).map { try bytes.number(Value.self, at: $0) }
    }

    func table(_ slot: Int) throws -> FlatTable? {
        try place(slot).map { FlatTable(bytes: bytes, start: try target($0)) }
    }

    func string(_ slot: Int) throws -> String? {
        guard let start = try place(slot).map(target) else { return nil }
        let end = start + 4 + Int(try bytes.number(UInt32.self, at: start))
        guard end < bytes.count, bytes[end] == 0 else { throw ArrowRefusal("a string without its end") }
        return try bytes[(start + 4)..<end].utf8Text()
    }

    func tables(_ slot: Int) throws -> [FlatTable]? {
        guard let start = try place(slot).map(target) else { return nil }
        let count = Int(try bytes.number(UInt32.self, at: start))
        return try (0..<count).map { FlatTable(bytes: bytes, start: try target(start + 4 + 4 * $0)) }
    }

    func pairs(_ slot: Int) throws -> [(Int, Int)]? {
        guard let start = try place(slot).map(target) else { return nil }
        let count = Int(try bytes.number(UInt32.self, at: start))
        return try (0..<count).map { index in
            let place = start + 4 + 16 * index
            return (Int(try bytes.number(Int64.self, at: place)), Int(try bytes.number(Int64.self, at: place + 8)))
        }
    }

    /// Where a field stands; nil when the table has it not.
    private func place(_ slot: Int) throws -> Int? {
        let fields = start - Int(try bytes.number(Int32.self, at: start))
        let fields_bytes = Int(try bytes.number(UInt16.self, at: fields))
        guard 4 + 2 * slot < fields_bytes else { return nil }
        let place = Int(try bytes.number(UInt16.self, at: fields + 4 + 2 * slot))
        return place == 0 ? nil : start + place
    }

    private func target(_ place: Int) throws -> Int { place + Int(try bytes.number(UInt32.self, at: place)) }
}

extension ArraySlice<UInt8> {
    func utf8Text() throws -> String {
        guard let text = String(validating: self, as: UTF8.self) else { throw ArrowRefusal("a text that is not UTF-8") }
        return text
    }
}

/// What is wrong with a stream.
private struct ArrowRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension [UInt8] {
    /// Byte by byte, lowest first.
    func number<Value: FixedWidthInteger>(_: Value.Type, at place: Int) throws -> Value {
        let width = Value.bitWidth / 8
        guard place >= 0, place + width <= count, place % width == 0 else { throw ArrowRefusal("a number at \(place) of \(count)") }
        return (0..<width).reduce(Value.zero) { $0 | Value(truncatingIfNeeded: self[place + $1]) << Value(8 * $1) }
    }
}
