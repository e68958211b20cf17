import Digest
import Database
import TestKit
import Testing

@testable import Warehouse

/// One small stream, byte for byte.
@Suite struct ArrowFixtureTests {
    /// Each type once as a value and once as a list; two batches.
    private func stream() throws -> [UInt8] {
        let scalars = ArrowScalar.allCases
        let fields = scalars.flatMap { scalar in
            [
                ArrowField(name: "\(scalar)", type: ArrowType(scalar), comment: "in ü"),
                ArrowField(name: "\(scalar)s", type: ArrowType(scalar, isList: true)),
            ]
        }
        var encoder = ArrowStreamEncoder(ArrowSchema(fields, comment: "fixture"), rowsMax: 2, bytesMax: 1 << 20)
        return try Array((encoder.received(Self.copy) + encoder.ended()).joined())
    }

    /// Three rows: values, nulls, other values; lists of none, one, and two elements with a null between them.
    private static let copy: [UInt8] = {
        var bytes = BinaryCopy().bytes
        for row in 0..<3 {
            bytes += [0, UInt8(2 * ArrowScalar.allCases.count)]
            for scalar in ArrowScalar.allCases {
                bytes += row == 1 ? null : field(scalar, row)
                bytes += row == 1 ? null : array(scalar, row)
            }
        }
        return bytes + [0xFF, 0xFF]
    }()

    private static let null: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]

    /// The length and as many bytes, each of them the row's number plus one, which also makes a float.
    private static func field(_ scalar: ArrowScalar, _ row: Int) -> [UInt8] {
        let length: UInt8 =
            switch scalar {
            case .bool: 1
            case .int16: 2
            case .int32, .float32, .date: 4
            case .int64, .float64, .timestamp, .timestampUTC: 8
            case .utf8, .binary: 3
            }
        return [0, 0, 0, length] + .init(repeating: UInt8(row + 1), count: Int(length))
    }

    private static func array(_ scalar: ArrowScalar, _ row: Int) -> [UInt8] {
        let count: UInt8 = row == 0 ? 1 : 3
        var bytes: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, UInt8(scalar.rawValue >> 8), UInt8(scalar.rawValue & 0xFF)]
        bytes += [0, 0, 0, count, 0, 0, 0, 1]
        for index in 0..<count { bytes += index == 1 ? null : field(scalar, Int(index) + row) }
        return [0, 0, 0, UInt8(bytes.count)] + bytes
    }

    /// pyarrow 26.0.1 has read these bytes: all batches pass its full validation, and types, comments, nulls, values and elements are as written;
    /// polars 2.1.0 reads the same rows. If the bytes change, another implementation must read them again.
    @Test func `the bytes are those that other implementations have read`() throws {
        let stream = try stream()
        let digest = SHA256.digest(of: stream).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
        #expect(stream.count == 7_920 && digest == "2f79fd06d1c1086a8b5c42770159273c1dd5ceb5be3a6fef53abd6f66f36b21c")
    }

    @Test func `the tests' own reader reads the same rows`() throws {
        let table = try ArrowTable(try stream())
        #expect(table.batches == [2, 1] && table.comment == "fixture" && table.fields.count == 22)
        #expect(table.fields[0] == .init("bool", "bool", "in ü") && table.fields[1] == .init("bools", "list<bool>"))
        #expect(table.column("int16") == [.int(0x0101), .null, .int(0x0303)])
        #expect(table.column("utf8s")?[2] == .list([.text("\u{3}\u{3}\u{3}"), .null, .text("\u{5}\u{5}\u{5}")]))
        #expect(table.column("timestamp")?[0] == .int(0x0101_0101_0101_0101 + 946_684_800_000_000))
    }
}
