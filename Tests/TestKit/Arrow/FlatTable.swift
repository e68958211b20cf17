/// A table in a FlatBuffer, read as flatbuffers.dev describes it. What lies outside of the bytes or is not aligned is refused.
struct FlatTable {
    private let bytes: [UInt8]
    private let start: Int

    static func root(_ bytes: [UInt8]) throws -> FlatTable {
        FlatTable(bytes: bytes, start: Int(try bytes.number(UInt32.self, at: 0)))
    }

    func number<Value: FixedWidthInteger>(_ slot: Int, _: Value.Type = Value.self) throws -> Value? {
        try place(slot).map { try bytes.number(Value.self, at: $0) }
    }

    func table(_ slot: Int) throws -> FlatTable? {
        try place(slot).map { FlatTable(bytes: bytes, start: try target($0)) }
    }

    func string(_ slot: Int) throws -> String? {
        guard let start = try place(slot).map(target) else { return nil }
        let end = start + 4 + Int(try bytes.number(UInt32.self, at: start))
        guard end < bytes.count, bytes[end] == 0 else { throw ArrowRefusal("a string without its end") }
        return try bytes[(start + 4)..<end].utf8Text()
    }

    func tables(_ slot: Int) throws -> [FlatTable]? {
        guard let start = try place(slot).map(target) else { return nil }
        let count = Int(try bytes.number(UInt32.self, at: start))
        return try (0..<count).map { FlatTable(bytes: bytes, start: try target(start + 4 + 4 * $0)) }
    }

    func pairs(_ slot: Int) throws -> [(Int, Int)]? {
        guard let start = try place(slot).map(target) else { return nil }
        let count = Int(try bytes.number(UInt32.self, at: start))
        return try (0..<count).map { index in
            let place = start + 4 + 16 * index
            return (Int(try bytes.number(Int64.self, at: place)), Int(try bytes.number(Int64.self, at: place + 8)))
        }
    }

    /// Where a field stands; nil when the table has it not.
    private func place(_ slot: Int) throws -> Int? {
        let fields = start - Int(try bytes.number(Int32.self, at: start))
        let fields_bytes = Int(try bytes.number(UInt16.self, at: fields))
        guard 4 + 2 * slot < fields_bytes else { return nil }
        let place = Int(try bytes.number(UInt16.self, at: fields + 4 + 2 * slot))
        return place == 0 ? nil : start + place
    }

    private func target(_ place: Int) throws -> Int { place + Int(try bytes.number(UInt32.self, at: place)) }
}

extension ArraySlice<UInt8> {
    func utf8Text() throws -> String {
        guard let text = String(validating: self, as: UTF8.self) else { throw ArrowRefusal("a text that is not UTF-8") }
        return text
    }
}

/// What is wrong with a stream.
struct ArrowRefusal: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension [UInt8] {
    /// Byte by byte, lowest first.
    func number<Value: FixedWidthInteger>(_: Value.Type, at place: Int) throws -> Value {
        let width = Value.bitWidth / 8
        guard place >= 0, place + width <= count, place % width == 0 else { throw ArrowRefusal("a number at \(place) of \(count)") }
        return (0..<width).reduce(Value.zero) { $0 | Value(truncatingIfNeeded: self[place + $1]) << Value(8 * $1) }
    }
}
