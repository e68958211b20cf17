/// The columns of a stream, in order, with a comment on the whole.
public struct ArrowSchema: Equatable, Sendable {
    public let fields: [ArrowField]
    /// Becomes the schema's metadata under the key `comment`.
    public let comment: String?

    public init(_ fields: [ArrowField], comment: String? = nil) {
        self.fields = fields
        self.comment = comment
    }
}

/// A column: its name, its type, and a comment for people. Each is nullable.
public struct ArrowField: Equatable, Sendable {
    public let name: String
    public let type: ArrowType
    /// Becomes the field's metadata under the key `comment`.
    public let comment: String?

    public init(name: String, type: ArrowType, comment: String? = nil) {
        self.name = name
        self.type = type
        self.comment = comment
    }
}

/// A column's type in Arrow: a value, or a list of values for an array of one dimension.
public struct ArrowType: Equatable, Sendable {
    public let scalar: ArrowScalar
    public let isList: Bool

    public init(_ scalar: ArrowScalar, isList: Bool = false) {
        self.scalar = scalar
        self.isList = isList
    }

    /// The type for a PostgreSQL column. A type without an equivalent in Arrow, such as numeric, interval and json, becomes text.
    /// - Parameters:
    ///   - oid: the column's type.
    ///   - element: the type of the elements of an array; nil for other columns.
    public init(oid: UInt32, element: UInt32?) {
        self.init(ArrowScalar(rawValue: element ?? oid) ?? .utf8, isList: element != nil)
    }

    /// The type to which the column must be cast in the COPY that is encoded.
    public var postgresName: String { scalar.postgresName + (isList ? "[]" : "") }
}

/// The type of a value in Arrow. The raw value is the OID of the PostgreSQL type from whose binary form it is read (PostgreSQL, pg_type.dat).
public enum ArrowScalar: UInt32, CaseIterable, Sendable {
    case bool = 16
    case binary = 17
    case int64 = 20
    case int16 = 21
    case int32 = 23
    case utf8 = 25
    case float32 = 700
    case float64 = 701
    /// Days since 1970-01-01.
    case date = 1082
    /// Microseconds since 1970-01-01, without a zone.
    case timestamp = 1114
    /// Microseconds since 1970-01-01 in UTC.
    case timestampUTC = 1184

    fileprivate var postgresName: String {
        switch self {
        case .bool: "bool"
        case .binary: "bytea"
        case .int64: "int8"
        case .int16: "int2"
        case .int32: "int4"
        case .utf8: "text"
        case .float32: "float4"
        case .float64: "float8"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestampUTC: "timestamptz"
        }
    }
}

/// As a part of a message; a table's fields stand in the order of their declaration (apache/arrow, format/Schema.fbs).
extension ArrowSchema {
    var node: FlatNode {
        let littleEndian = FlatNode.int16(0)
        return .table([littleEndian, .tables(fields.map(\.node)), ArrowField.metadata(comment)])
    }
}

extension ArrowField {
    /// By convention the name of the field that stands for a list's elements.
    private static let itemName = "item"

    fileprivate var node: FlatNode {
        guard type.isList else { return Self.node(name, type.scalar.tag, type.scalar.node, [], comment) }
        let item = Self.node(Self.itemName, type.scalar.tag, type.scalar.node, [], nil)
        let list: (tag: UInt8, node: FlatNode) = (12, .table([]))
        return Self.node(name, list.tag, list.node, [item], comment)
    }

    private static func node(_ name: String, _ tag: UInt8, _ type: FlatNode, _ children: [FlatNode], _ comment: String?) -> FlatNode {
        let (nullable, dictionary) = (FlatNode.uint8(1), FlatNode?.none)
        return .table([.string(name), nullable, .uint8(tag), type, dictionary, .tables(children), metadata(comment)])
    }

    fileprivate static func metadata(_ comment: String?) -> FlatNode? {
        comment.map { .tables([.table([.string("comment"), .string($0)])]) }
    }
}

extension ArrowScalar {
    /// Its number in the union `Type`.
    fileprivate var tag: UInt8 {
        switch self {
        case .int16, .int32, .int64: 2
        case .float32, .float64: 3
        case .binary: 4
        case .utf8: 5
        case .bool: 6
        case .date: 8
        case .timestamp, .timestampUTC: 10
        }
    }

    fileprivate var node: FlatNode {
        let signed = FlatNode.uint8(1)
        let (single, double) = (FlatNode.int16(1), FlatNode.int16(2))
        let (days, microseconds) = (FlatNode.int16(0), FlatNode.int16(2))
        return switch self {
        case .int16: .table([.int32(16), signed])
        case .int32: .table([.int32(32), signed])
        case .int64: .table([.int32(64), signed])
        case .float32: .table([single])
        case .float64: .table([double])
        case .binary, .utf8, .bool: .table([])
        case .date: .table([days])
        case .timestamp: .table([microseconds])
        case .timestampUTC: .table([microseconds, .string("UTC")])
        }
    }
}
