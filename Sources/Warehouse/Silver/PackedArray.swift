import Database

/// A PostgreSQL array in binary form (array_recv), made from doubles in one pass. NaN and values that do not fit become NULL.
struct PackedArray<Element: PackableElement>: SQLEncodable {
    private let packed: [UInt8]?

    /// - Parameter values: nil becomes NULL, not an empty array.
    init(_ values: [Double]?, scale: Double = 1) {
        packed = values.map { Self.pack($0, scale: scale) }
    }

    static var sqlType: UInt32 { Element.sqlArrayType }

    func encodedSQL() -> [UInt8]? { packed }

    func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        guard let packed else { return false }
        buffer.append(contentsOf: packed)
        return true
    }

    /// Header: dimensions, has-null flag, element type, length, lower bound; then each element after its own length, -1 for NULL.
    private static func pack(_ values: [Double], scale: Double) -> [UInt8] {
        let header_bytes = values.isEmpty ? 12 : 20
        let element_bytes = MemoryLayout<Element.Bits>.size
        let capacity = header_bytes + values.count * (4 + element_bytes)
        return [UInt8](unsafeUninitializedCapacity: capacity) { target, written in
            let bytes = UnsafeMutableRawBufferPointer(target)
            var offset = header_bytes
            var hasNull: Int32 = 0
            for value in values {
                if let bits = Element.bits(value * scale) {
                    bytes.storeBytes(of: Int32(element_bytes).bigEndian, toByteOffset: offset, as: Int32.self)
                    bytes.storeBytes(of: bits.bigEndian, toByteOffset: offset + 4, as: Element.Bits.self)
                    offset += 4 + element_bytes
                } else {
                    bytes.storeBytes(of: Int32(-1).bigEndian, toByteOffset: offset, as: Int32.self)
                    offset += 4
                    hasNull = 1
                }
            }
            let header = [values.isEmpty ? 0 : 1, hasNull, Int32(bitPattern: Element.sqlType), Int32(values.count), 1]
            for (place, field) in header.prefix(header_bytes / 4).enumerated() {
                bytes.storeBytes(of: field.bigEndian, toByteOffset: place * 4, as: Int32.self)
            }
            written = offset
        }
    }
}

/// An element type into which doubles can be converted.
protocol PackableElement: SQLArrayElement {
    associatedtype Bits: FixedWidthInteger
    /// The bits of the nearest value; nil for NaN and for values out of range.
    static func bits(_ value: Double) -> Bits?
}

extension Int16: PackableElement {
    static func bits(_ value: Double) -> Int16? { Int16(exactly: value.rounded()) }
}

extension Int32: PackableElement {
    static func bits(_ value: Double) -> Int32? { Int32(exactly: value.rounded()) }
}

extension Float: PackableElement {
    static func bits(_ value: Double) -> UInt32? {
        let single = Float(value)
        return single.isFinite ? single.bitPattern : nil
    }
}

extension Bool: PackableElement {
    static func bits(_ value: Double) -> UInt8? { value.isNaN ? nil : (value != 0 ? 1 : 0) }
}
