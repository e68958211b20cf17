import Database
import TestKit
import Testing

@testable import Warehouse

/// Bytes that are not the binary COPY that was requested.
@Suite struct ArrowRefusalTests {
    private static let header = Array(BinaryCopy().bytes)
    private static let mark: [UInt8] = [0xFF, 0xFF]
    private static let types = [ArrowType(.int32), ArrowType(.utf8), ArrowType(.int16, isList: true)]

    private static let whole: [UInt8] = {
        var copy = BinaryCopy()
        copy.row(Int32(7), "seven", [Int16(1), 2])
        copy.row(Int32(8), "eight", SQLArray<Int16>([nil, 3]))
        return copy.finish()
    }()

    private func encode(_ pieces: [UInt8]..., types: [ArrowType] = types) throws -> [UInt8] {
        var encoder = ArrowStreamEncoder(ArrowSchema(types.map { ArrowField(name: "c", type: $0) }))
        var stream: [UInt8] = []
        for piece in pieces { stream += try encoder.received(piece).joined() }
        return try stream + encoder.ended().joined()
    }

    private func expectRefusal(_ bytes: [UInt8], types: [ArrowType] = types, _ comment: Comment? = nil) {
        let error = #expect(throws: WarehouseError.self, comment) { try encode(bytes, types: types) }
        #expect(error?.code == .brokenCopy, comment)
    }

    @Test func `a COPY that ends early is refused wherever it ends`() throws {
        #expect(try !encode(Self.whole).isEmpty)
        for count in 0..<Self.whole.count { expectRefusal(Array(Self.whole.prefix(count)), "the first \(count) bytes") }
    }

    @Test func `a header may come in a piece of its own, or with an extension`() throws {
        let rows = Array(Self.whole.dropFirst(Self.header.count))
        #expect(try encode(Self.header, rows) == encode(Self.whole))
        #expect(try encode(Self.header.dropLast() + [3, 1, 2, 3], rows) == encode(Self.whole))
        #expect(try encode(Self.whole, []) == encode(Self.whole))
    }

    @Test func `bytes that are not a binary COPY, or have unknown flags, are refused`() {
        expectRefusal(Array("7,seven\n".utf8) + Self.whole)
        expectRefusal([])
        var flagged = Self.whole
        flagged[12] = 1
        expectRefusal(flagged)
        expectRefusal(Self.header.dropLast(4) + [0x7F, 0xFF, 0xFF, 0xFF] + Self.mark, "an extension longer than everything")
        expectRefusal(Self.header.dropLast(4) + [0xFF, 0xFF, 0xFF, 0xFF] + Self.mark, "an extension of negative length")
    }

    @Test func `bytes after the end are refused`() {
        expectRefusal(Self.whole + [0])
        expectRefusal(Self.whole + Self.whole)
    }

    @Test func `rows with other columns are refused`() {
        expectRefusal(Self.whole, types: Self.types + [ArrowType(.bool)])
        expectRefusal(Self.whole, types: Array(Self.types.dropLast()))
        expectRefusal(Self.header + [0xFF, 0xFE] + Self.mark)
        for scalar in ArrowScalar.allCases where ![.int32, .float32, .date, .utf8, .binary].contains(scalar) {
            expectRefusal(Self.whole, types: [ArrowType(scalar)] + Self.types.dropFirst(), "\(scalar)")
        }
        for scalar in ArrowScalar.allCases where scalar != .int16 {
            expectRefusal(Self.whole, types: Self.types.dropLast() + [ArrowType(scalar, isList: true)], "\(scalar)")
        }
    }

    /// A row whose third field is this array, as COPY sends it.
    private func row(array: [UInt8]) -> [UInt8] {
        Self.header + [0, 3, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0, 0, 0] + [0, 0, 0, UInt8(array.count)] + array + Self.mark
    }

    @Test func `an array that contradicts itself is refused`() throws {
        func head(dimensions: UInt8, hasNull: UInt8 = 0) -> [UInt8] { [0, 0, 0, dimensions, 0, 0, 0, hasNull, 0, 0, 0, 21] }
        let (one, two): ([UInt8], [UInt8]) = ([0, 0, 0, 1], [0, 0, 0, 2])
        let element = two + [0, 9]
        let null: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
        #expect(try !encode(row(array: head(dimensions: 1) + one + one + element)).isEmpty)
        #expect(try !encode(row(array: head(dimensions: 0))).isEmpty)
        expectRefusal(row(array: head(dimensions: 2) + one + one + one + one + element), "two dimensions")
        expectRefusal(row(array: head(dimensions: 0) + one), "more than nothing")
        expectRefusal(row(array: head(dimensions: 1) + two + one + element), "an element is missing")
        expectRefusal(row(array: head(dimensions: 1) + one + one + element + element), "an element too many")
        expectRefusal(row(array: head(dimensions: 1) + null + one), "of negative length")
        expectRefusal(row(array: head(dimensions: 1) + [0x7F, 0xFF, 0xFF, 0xFF] + one + element), "longer than everything")
        expectRefusal(row(array: head(dimensions: 1) + one + one + null + [0, 9]), "a null that was not announced")
        expectRefusal(row(array: head(dimensions: 1, hasNull: 1) + one + one + [0xFF, 0xFF, 0xFF, 0xFE]), "an element of negative length")
    }

    @Test func `an error holds nothing of the rows`() {
        let error = #expect(throws: WarehouseError.self) { try encode(Self.whole.dropLast(20) + [], types: Self.types) }
        #expect(error?.description.contains("eight") == false)
    }
}
