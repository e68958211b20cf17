import Foundation
import Testing

@testable import Warehouse

@Suite struct DocumentReaderTests {
    private func reduce(_ text: String) throws -> String { try DocumentReader.reduce(Array(text.utf8)) }

    @Test func `unused lists are cut out, and the rest is kept as sent`() throws {
        let reduced = try reduce(
            #"{"id": 1, "segment_efforts":[{"a":[1,{"b":"]}"}]}], "name":"a \"b\" \\ ä", "laps":[ {"x" : 1} ],"photos":{"count":1},"n":null,"t":true}"#
        )
        #expect(reduced == #"{"id":1,"name":"a \"b\" \\ ä","laps":[ {"x" : 1} ],"n":null,"t":true}"#)
    }

    @Test func `keys with escapes are kept as they are`() throws {
        #expect(try reduce(#"{"a\"b\\":1,"ph\u006ftos":2}"#) == #"{"a\"b\\":1,"ph\u006ftos":2}"#)
    }

    @Test func `an empty object stays one`() throws {
        #expect(try reduce("{}") == "{}")
        #expect(try reduce("\u{FEFF}{ }") == "{}")
    }

    @Test(arguments: ["", "[]", "1", "null", "{\"a\":1", "{\"a\":1}}", "{\"a\" 1}", "<html>"])
    func `a body that is not an object is refused`(text: String) {
        #expect(throws: WarehouseError.self) { try reduce(text) }
    }
}
