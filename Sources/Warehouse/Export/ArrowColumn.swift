/// A column of a batch: its values, or lists of them.
struct ArrowColumn {
    private let isList: Bool
    private var listValidity = ArrowValidity()
    private var listOffsets = ArrowOffsets()
    private var values: ArrowValues

    init(_ type: ArrowType) {
        isList = type.isList
        values = ArrowValues(type.scalar)
    }

    /// Of the column and then, when it holds lists, of their elements.
    var counts: [(length: Int, nulls: Int)] {
        let own = (values.validity.length, values.validity.nulls)
        return isList ? [(listValidity.length, listValidity.nulls), own] : [own]
    }

    /// In the order of `counts`: of lists their validity and offsets come before their elements.
    var buffers: [[UInt8]] { isList ? [listValidity.buffer, listOffsets.bytes] + values.buffers : values.buffers }

    /// Takes a row's field, nil for NULL.
    mutating func append(_ field: UnsafeRawBufferPointer?) throws(WarehouseError) {
        guard isList else { return try values.append(field) }
        if let field { try appendElements(of: field) }
        listValidity.append(field != nil)
        listOffsets.append(values.validity.length)
    }

    mutating func removeAll() {
        listValidity.removeAll()
        listOffsets.removeAll()
        values.removeAll()
    }

    /// An array in binary (PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_send): dimensions, whether a NULL is among the elements, their
    /// type, then for each dimension its length and lower bound, then the elements. An empty array has no dimension.
    private mutating func appendElements(of field: UnsafeRawBufferPointer) throws(WarehouseError) {
        var cursor = CopyCursor(field)
        let dimensions = try cursor.integer(Int32.self)
        let hasNull = try cursor.integer(Int32.self) != 0
        guard try cursor.integer(UInt32.self) == values.scalar.rawValue else { throw .brokenCopy("an array has elements of another type") }
        guard dimensions == 0 || dimensions == 1 else { throw .brokenCopy("an array has more than one dimension") }
        if dimensions == 1 { try appendElements(&cursor, hasNull) }
        guard cursor.left_bytes == 0 else { throw .brokenCopy("an array has more bytes than elements") }
    }

    private mutating func appendElements(_ cursor: inout CopyCursor, _ hasNull: Bool) throws(WarehouseError) {
        let count = Int(try cursor.integer(Int32.self))
        _ = try cursor.integer(Int32.self)
        // Each element takes four bytes at least.
        guard count >= 0, count <= cursor.left_bytes / 4 else { throw .brokenCopy("an array is shorter than it says") }
        guard hasNull else { return try values.append(count, from: &cursor) }
        for _ in 0..<count { try values.append(cursor.field()) }
    }
}
