/// As a part of a message (apache/arrow, format/Schema.fbs): a table's fields in the order of their declaration there.
extension ArrowSchema {
    var node: FlatNode {
        let littleEndian = FlatNode.int16(0)
        return .table([littleEndian, .tables(fields.map(\.node)), ArrowField.metadata(comment)])
    }
}

extension ArrowField {
    /// An array's elements are a field of their own, which has this name by convention.
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
    /// Its place in the union `Type`.
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
