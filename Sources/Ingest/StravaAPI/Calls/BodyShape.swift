/// A cheap look at whether a body can be the JSON that a call has.
enum BodyShape {
    /// Whether the first byte that is not blank is one of `starts` and the last one closes it: a page of HTML, an empty body and a body
    /// cut off are not kept as answers.
    static func begins(_ body: [UInt8], withOneOf starts: [UInt8]) -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        guard let first = body[ByteOrderMark.end(in: body)...].first(where: { !isBlank($0) }), let last = body.last(where: { !isBlank($0) })
        else { return false }
        return starts.contains(first) && last == (first == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}"))
    }
}
