/// Arrow's buffers and FlatBuffers: numbers with their lowest byte first, whatever the machine.
extension [UInt8] {
    mutating func appendLittleEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    mutating func storeLittleEndian<Value: FixedWidthInteger>(_ value: Value, at place: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: value.littleEndian, toByteOffset: place, as: Value.self) }
    }

    mutating func appendZeros(_ count: Int) { append(contentsOf: repeatElement(0, count: count)) }

    /// Adds zeros until what comes `offset` bytes later stands at a multiple of `alignment`.
    mutating func pad(to alignment: Int, before offset: Int = 0) {
        let over = (count + offset) % alignment
        if over > 0 { appendZeros(alignment - over) }
    }
}
