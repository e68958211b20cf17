import Database
import TestKit
import Testing

@testable import OwnData

/// The list of columns with places against the tables, so that a new one is not forgotten.
@Suite struct PlacesTests {
    @Test func `each column of silver that sounds like a place is in the list, and each of the list exists`() async throws {
        try await withTestDatabase { database in
            let columns = try await database.query(
                """
                SELECT c.relname::text, a.attname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p')
                """
            ).map { try $0.decode(String.self, String.self) }
            let sounds = /latitude|longitude|latlng|polyline|location|(^|_)cell|(^|_)city|country|segment|geohash|(^|_)(lat|lon|lng)(_|$)/
            for (table, column) in columns where column.contains(sounds) && !Places.tables.contains(table) {
                #expect(
                    Places.columns[table]?.contains(column) == true, "\(table).\(column) may hold a place: add it to Places, or rename it")
            }
            let known = Set(columns.map { "\($0.0).\($0.1)" })
            for (table, names) in Places.columns {
                for name in names { #expect(known.contains("\(table).\(name)"), "\(table).\(name)") }
            }
            #expect(Places.tables.isSubset(of: columns.map(\.0)))
        }
    }
}
