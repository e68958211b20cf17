/// Takes a batch's arrays out of its body, in the order of the schema, and checks what their lengths promise.
struct ArrowBatchReader {
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
