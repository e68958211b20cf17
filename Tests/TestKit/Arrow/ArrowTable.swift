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

    static func comment(_ table: FlatTable, _ slot: Int) throws -> String? {
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
    init(table: FlatTable) throws {
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
