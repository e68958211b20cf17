/// A column of a batch: values, or lists of values.
struct ArrowColumn {
    private let isList: Bool
    private var listValidity = ArrowValidity()
    private var listOffsets = ArrowOffsets()
    private var values: ArrowValues

    init(_ type: ArrowType) {
        isList = type.isList
        values = ArrowValues(type.scalar)
    }

    /// Of the column, then, if it holds lists, of their elements.
    var counts: [(length: Int, nulls: Int)] {
        let own = (values.validity.length, values.validity.nulls)
        return isList ? [(listValidity.length, listValidity.nulls), own] : [own]
    }

    /// In the order of `counts`: for lists, validity and offsets come before the elements.
    var buffers: [[UInt8]] { isList ? [listValidity.buffer, listOffsets.bytes] + values.buffers : values.buffers }

    /// Appends a row's field; nil for NULL.
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

    /// The binary form of an array (PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_send): number of dimensions, whether an element is
    /// NULL, the elements' type, for each dimension its length and lower bound, then the elements. An empty array has no dimension.
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
        // Each element takes at least four bytes.
        guard count >= 0, count <= cursor.left_bytes / 4 else { throw .brokenCopy("an array is shorter than it says") }
        guard hasNull else { return try values.append(count, from: &cursor) }
        for _ in 0..<count { try values.append(cursor.field()) }
    }
}

/// An array of values in Arrow's layout, filled from PostgreSQL's binary forms. A null is stored as zero, or as no bytes.
private struct ArrowValues {
    /// From 1970-01-01, Arrow's epoch, to 2000-01-01, PostgreSQL's.
    private static let epoch_days: Int32 = 10_957
    private static let epoch_us: Int64 = 946_684_800_000_000

    let scalar: ArrowScalar
    private(set) var validity = ArrowValidity()
    private var data: [UInt8] = []
    private var bits = ArrowBits()
    private var offsets = ArrowOffsets()

    init(_ scalar: ArrowScalar) { self.scalar = scalar }

    var buffers: [[UInt8]] {
        switch scalar {
        case .bool: [validity.buffer, bits.bytes]
        case .utf8, .binary: [validity.buffer, offsets.bytes, data]
        case .int16, .int32, .int64, .float32, .float64, .date, .timestamp, .timestampUTC: [validity.buffer, data]
        }
    }

    /// - Parameter field: nil for NULL.
    mutating func append(_ field: UnsafeRawBufferPointer?) throws(WarehouseError) {
        switch scalar {
        case .int16: append(try field?.number(UInt16.self))
        case .int32, .float32: append(try field?.number(UInt32.self))
        case .int64, .float64: append(try field?.number(UInt64.self))
        case .date: append(try field?.number(Int32.self).shifted(by: Self.epoch_days))
        case .timestamp, .timestampUTC: append(try field?.number(Int64.self).shifted(by: Self.epoch_us))
        case .bool: append(bit: try field?.number(UInt8.self))
        case .utf8, .binary: append(bytes: field)
        }
    }

    /// Appends array elements, none of which is NULL; each comes after its length.
    mutating func append(_ count: Int, from cursor: inout CopyCursor) throws(WarehouseError) {
        switch scalar {
        case .int16: try append(count, of: UInt16.self, from: &cursor)
        case .int32, .float32: try append(count, of: UInt32.self, from: &cursor)
        case .int64, .float64: try append(count, of: UInt64.self, from: &cursor)
        case .date, .timestamp, .timestampUTC, .bool, .utf8, .binary: for _ in 0..<count { try append(cursor.field()) }
        }
    }

    mutating func removeAll() {
        validity.removeAll()
        data.removeAll(keepingCapacity: true)
        bits.removeAll()
        offsets.removeAll()
    }

    @inline(__always)
    private mutating func append<Value: FixedWidthInteger>(_ value: Value?) {
        validity.append(value != nil)
        data.appendLittleEndian(value ?? 0)
    }

    private mutating func append(bit: UInt8?) {
        validity.append(bit != nil)
        bits.append(bit == 1)
    }

    private mutating func append(bytes: UnsafeRawBufferPointer?) {
        validity.append(bytes != nil)
        if let bytes { data.append(contentsOf: bytes) }
        offsets.append(data.count)
    }

    /// All in one pass: a stream has thousands of points.
    private mutating func append<Value: FixedWidthInteger>(
        _ count: Int, of _: Value.Type, from cursor: inout CopyCursor
    ) throws(WarehouseError) {
        let (width, stride) = (MemoryLayout<Value>.size, 4 + MemoryLayout<Value>.size)
        let source = try cursor.bytes(count * stride)
        let start = data.count
        data.appendZeros(count * width)
        var difference: UInt32 = 0
        data.withUnsafeMutableBytes { target in
            for index in 0..<count {
                let value = source.loadUnaligned(fromByteOffset: index * stride + 4, as: Value.self)
                target.storeBytes(of: value.byteSwapped, toByteOffset: start + index * width, as: Value.self)
                difference |= UInt32(bigEndian: source.loadUnaligned(fromByteOffset: index * stride, as: UInt32.self)) ^ UInt32(width)
            }
        }
        guard difference == 0 else { throw .brokenCopy("a value has another length than its type") }
        validity.appendValid(count)
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always)
    fileprivate func number<Value: FixedWidthInteger>(_: Value.Type) throws(WarehouseError) -> Value {
        guard count == MemoryLayout<Value>.size else { throw .brokenCopy("a value has another length than its type") }
        return Value(bigEndian: loadUnaligned(as: Value.self))
    }
}

extension FixedWidthInteger {
    /// Nil for PostgreSQL's infinities (the smallest and the largest number) and for a result out of range, neither of which Arrow can hold.
    fileprivate func shifted(by distance: Self) -> Self? {
        if self == .min || self == .max { return nil }
        let (sum, isOver) = addingReportingOverflow(distance)
        return isOver ? nil : sum
    }
}

/// Which values of an array are null: a bit each, 1 for a value.
private struct ArrowValidity {
    private var bits = ArrowBits()
    private(set) var nulls = 0

    var length: Int { bits.count }

    /// Empty when nothing is null, as Arrow allows.
    var buffer: [UInt8] { nulls == 0 ? [] : bits.bytes }

    @inline(__always)
    mutating func append(_ isValid: Bool) {
        bits.append(isValid)
        if !isValid { nulls += 1 }
    }

    mutating func appendValid(_ count: Int) { bits.appendOnes(count) }

    mutating func removeAll() {
        bits.removeAll()
        nulls = 0
    }
}

/// The end of each text or list of an array, counted from the beginning of the first; one number more than there are values.
///
/// A batch is far shorter than 2 GiB (`ArrowStreamEncoder`), so that 32 bits suffice.
private struct ArrowOffsets {
    private(set) var bytes: [UInt8] = [0, 0, 0, 0]

    @inline(__always)
    mutating func append(_ end: Int) { bytes.appendLittleEndian(Int32(end)) }

    mutating func removeAll() { bytes.removeSubrange(4...) }
}

/// A bitmap; the lowest bit of a byte comes first.
private struct ArrowBits {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0

    @inline(__always)
    mutating func append(_ bit: Bool) {
        if count & 7 == 0 { bytes.append(0) }
        if bit { bytes[count >> 3] |= 1 << UInt8(truncatingIfNeeded: count & 7) }
        count += 1
    }

    mutating func appendOnes(_ added: Int) {
        let end = count + added
        while count < end, count & 7 != 0 { append(true) }
        bytes.append(contentsOf: repeatElement(0xFF, count: (end - count) >> 3))
        count += (end - count) & ~7
        while count < end { append(true) }
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        count = 0
    }
}
