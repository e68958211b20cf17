/// Where each of an array's texts or lists ends, counted from the first one's beginning; one number more than there are values.
///
/// A batch is far shorter than 2 GiB (`ArrowStreamEncoder`), so that 32 bits suffice.
struct ArrowOffsets {
    private(set) var bytes: [UInt8] = [0, 0, 0, 0]

    @inline(__always)
    mutating func append(_ end: Int) { bytes.appendLittleEndian(Int32(end)) }

    mutating func removeAll() { bytes.removeSubrange(4...) }
}
