/// Bits one after the other, the lowest of a byte first.
struct ArrowBits {
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
