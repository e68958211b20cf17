/// Which values of an array are there: a bit each, 1 for a value, and how many are null.
struct ArrowValidity {
    private var bits = ArrowBits()
    private(set) var nulls = 0

    var length: Int { bits.count }

    /// No bytes at all when nothing is null, as Arrow allows.
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
