import Database
import TestKit
import Testing

@testable import Warehouse

/// The rows of a COPY, encoded and read back by a reader written from the specification alone.
@Suite struct ArrowStreamTests {
    private func export(
        _ database: Database, _ select: String, _ types: [ArrowType], rowsMax: Int = 65_536, bytesMax: Int = 4 << 20
    ) async throws -> ArrowTable {
        let fields = types.enumerated().map { ArrowField(name: "c\($0.offset)", type: $0.element) }
        var encoder = ArrowStreamEncoder(ArrowSchema(fields), rowsMax: rowsMax, bytesMax: bytesMax)
        var stream: [UInt8] = []
        try await database.copyOut("COPY (\(select)) TO STDOUT (FORMAT binary)") { stream += try encoder.received($0).joined() }
        return try ArrowTable(stream + encoder.ended().joined())
    }

    @Test func `each type becomes the Arrow type of the same values, and null stays null`() async throws {
        try await withTestDatabase { database in
            let select = """
                SELECT * FROM (VALUES (true, '\\x00ff'::bytea, '-9223372036854775808'::int8, (-32768)::int2, 2147483647, 'späti 🚴'::text,
                    'Infinity'::float4, -0.1::float8, '1970-01-02'::date, '1970-01-01 00:00:01'::timestamp, '1970-01-01 01:00+01'::timestamptz),
                    (false, '', 0, 0::int2, 0, '', 0, 0, '1970-01-01', '1970-01-01', '1970-01-01 00:00Z'),
                    (null, null, null, null, null, null, null, null, null, null, null)) AS t
                """
            let scalars: [ArrowScalar] = [
                .bool, .binary, .int64, .int16, .int32, .utf8, .float32, .float64, .date, .timestamp, .timestampUTC,
            ]
            let table = try await export(database, select, scalars.map { ArrowType($0) })
            let names = [
                "bool", "binary", "int64", "int16", "int32", "utf8", "float", "double", "date32", "timestamp[us]", "timestamp[us, UTC]",
            ]
            #expect(table.fields.map(\.type) == names)
            let expected: [[ArrowTable.Value]] = [
                [.bool(true), .bool(false)], [.bytes([0, 255]), .bytes([])], [.int(.min), .int(0)], [.int(-32_768), .int(0)],
                [.int(2_147_483_647), .int(0)], [.text("späti 🚴"), .text("")], [.double(.infinity), .double(0)],
                [.double(-0.1), .double(0)], [.int(1), .int(0)], [.int(1_000_000), .int(0)], [.int(0), .int(0)],
            ]
            #expect(table.columns == expected.map { $0 + [.null] })
        }
    }

    @Test func `arrays become lists, empty ones and missing elements among them`() async throws {
        try await withTestDatabase { database in
            let select = """
                SELECT * FROM (VALUES (ARRAY[1, null, -3]::int2[], ARRAY[1.5, 2]::float4[], ARRAY[true, null, false], ARRAY['a', '', null, 'ü']),
                    ('{}', null, '{}', '{}'), (null, '{}', null, null), ('{7}', '{null}', '{t}', '{""}')) AS t
                """
            let table = try await export(database, select, [.int16, .float32, .bool, .utf8].map { ArrowType($0, isList: true) })
            #expect(table.fields.map(\.type) == ["list<int16>", "list<float>", "list<bool>", "list<utf8>"])
            #expect(table.columns[0] == [.list([.int(1), .null, .int(-3)]), .list([]), .null, .list([.int(7)])])
            #expect(table.columns[1] == [.list([.double(1.5), .double(2)]), .null, .list([]), .list([.null])])
            #expect(table.columns[2] == [.list([.bool(true), .null, .bool(false)]), .list([]), .null, .list([.bool(true)])])
            #expect(table.columns[3] == [.list([.text("a"), .text(""), .null, .text("ü")]), .list([]), .null, .list([.text("")])])
        }
    }

    @Test func `lists of thousands keep every element, wherever the bits of the row begin`() async throws {
        try await withTestDatabase { database in
            let select = "SELECT array(SELECT i FROM generate_series(1, n * 1001) AS i) FROM generate_series(0, 9) AS n"
            let table = try await export(database, select, [ArrowType(.int32, isList: true)])
            #expect(table.columns[0] == (0...9).map { count($0 * 1_001) })
            // A null in the last element makes all bits before it count.
            let holes = "SELECT array(SELECT i FROM generate_series(1, n) AS i) || ARRAY[null]::int8[] FROM generate_series(0, 20) AS n"
            let rows = try await export(database, "SELECT '{1,2,3}'::int8[] UNION ALL (\(holes))", [ArrowType(.int64, isList: true)])
            #expect(rows.columns[0] == [count(3)] + (0...20).map { count($0, then: [.null]) })
        }
    }

    /// The list of 1 to `last`.
    private func count(_ last: Int, then rest: [ArrowTable.Value] = []) -> ArrowTable.Value {
        .list((0..<last).map { ArrowTable.Value.int(Int64($0) + 1) } + rest)
    }

    @Test func `booleans and nulls keep their places across bytes and batches`() async throws {
        try await withTestDatabase { database in
            let select = "SELECT CASE WHEN n % 3 > 0 THEN n % 2 = 0 END FROM generate_series(0, 99) AS n ORDER BY n"
            let table = try await export(database, select, [ArrowType(.bool)], rowsMax: 21)
            #expect(table.batches == [21, 21, 21, 21, 16])
            #expect(table.columns[0] == (0...99).map { $0 % 3 > 0 ? .bool($0 % 2 == 0) : .null })
        }
    }

    @Test func `times count from 1970 in both directions; infinite ones and those beyond 64 bits are null`() async throws {
        try await withTestDatabase { database in
            let select = """
                SELECT d::date, d::timestamptz FROM unnest(ARRAY['1969-12-31', '0044-03-15 BC', '2026-02-28', 'infinity', '-infinity']) AS d
                UNION ALL SELECT '1999-12-31', '294276-12-31 23:59:59.999999Z'
                """
            let table = try await export(database, select, [ArrowType(.date), ArrowType(.timestampUTC)])
            #expect(table.columns[0] == [.int(-1), .int(-735_160), .int(20_512), .null, .null, .int(10_956)])
            let day_us: Int64 = 86_400_000_000
            #expect(table.columns[1] == [.int(-day_us), .int(-735_160 * day_us), .int(20_512 * day_us), .null, .null, .null])
        }
    }

    @Test func `a batch ends with its rows or with its bytes`() async throws {
        try await withTestDatabase { database in
            let select = "SELECT n, repeat('x', 96) FROM generate_series(1, 20) AS n"
            let types = [ArrowType(.int32), ArrowType(.utf8)]
            #expect(try await export(database, select, types).batches == [20])
            #expect(try await export(database, select, types, rowsMax: 7).batches == [7, 7, 6])
            #expect(try await export(database, select, types, rowsMax: 10).batches == [10, 10])
            // 108 bytes a row: two fields' lengths, 4 and 96.
            let cut = try await export(database, select, types, bytesMax: 500)
            #expect(cut.batches == [5, 5, 5, 5])
            #expect(cut.columns[0] == (1...20).map { .int($0) })
            #expect(try await export(database, select, types, bytesMax: 1).batches == .init(repeating: 1, count: 20))
        }
    }

    @Test func `a batch of the default size stays near it, nulls included`() async throws {
        try await withTestDatabase { database in
            let select = "SELECT null::float8, n, null::int8[] FROM generate_series(1, 500000) AS n"
            let table = try await export(database, select, [ArrowType(.float64), ArrowType(.int32), ArrowType(.int64, isList: true)])
            #expect(table.rowCount == 500_000 && table.batches.allSatisfy { $0 <= ArrowStreamEncoder.batchRowsMax })
            #expect(table.bodies_bytes.allSatisfy { $0 < 2 * ArrowStreamEncoder.batchBytesMax })
        }
    }

    @Test func `without rows the stream is the schema alone`() async throws {
        try await withTestDatabase { database in
            let types = [ArrowType(.int32), ArrowType(.utf8, isList: true)]
            let table = try await export(database, "SELECT 1, '{}'::text[] WHERE false", types)
            #expect(table.fields.count == 2 && table.batches.isEmpty && table.rowCount == 0)
        }
    }

    @Test func `a type without an Arrow equivalent is text`() {
        let types: [(oid: UInt32, element: UInt32?, name: String)] = [
            (23, nil, "int4"), (1043, nil, "text"), (1700, nil, "text"), (3802, nil, "text"), (1007, 23, "int4[]"), (1231, 1700, "text[]"),
        ]
        for type in types { #expect(ArrowType(oid: type.oid, element: type.element).postgresName == type.name) }
    }
}
