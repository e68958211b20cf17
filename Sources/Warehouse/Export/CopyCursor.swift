/// Reads on through lent bytes of a binary COPY, and never beyond them. Its errors hold no value.
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
