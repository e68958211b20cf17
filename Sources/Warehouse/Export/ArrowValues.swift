/// An array of values as Arrow lays it out, filled from PostgreSQL's binary forms. A null takes the place of a zero or of nothing.
struct ArrowValues {
    /// From 1970-01-01, where Arrow counts from, to 2000-01-01, where PostgreSQL does.
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

    /// Elements of which none is NULL, each after its length as in an array.
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
    /// nil for PostgreSQL's infinities, its smallest and largest number, and for what is out of range after it: Arrow has nothing for either.
    fileprivate func shifted(by distance: Self) -> Self? {
        if self == .min || self == .max { return nil }
        let (sum, isOver) = addingReportingOverflow(distance)
        return isOver ? nil : sum
    }
}
