import Foundation
import Testing

@testable import Warehouse

@Suite struct DocumentReaderTests {
    private func reduce(_ text: String) throws -> String { try DocumentReader.reduce(Array(text.utf8)) }

    private func lists(_ text: String) throws -> String? { try DocumentReader.lists(Array(text.utf8)) }

    @Test func `long and unused lists are cut out, and the rest is kept as sent`() throws {
        let reduced = try reduce(
            #"{"id": 1, "segment_efforts":[{"a":[1,{"b":"]}"}]}], "name":"a \"b\" \\ ä", "laps":[ {"x" : 1} ],"photos":{"count":1},"n":null,"t":true}"#
        )
        #expect(reduced == #"{"id":1,"name":"a \"b\" \\ ä","laps":[ {"x" : 1} ],"photos":{"count":1},"n":null,"t":true}"#)
    }

    @Test func `keys with escapes are kept as they are`() throws {
        #expect(try reduce(#"{"a\"b\\":1,"best\u005fefforts":2}"#) == #"{"a\"b\\":1,"best\u005fefforts":2}"#)
    }

    @Test func `an empty object stays one`() throws {
        #expect(try reduce("{}") == "{}")
        #expect(try reduce("\u{FEFF}{ }") == "{}")
    }

    @Test func `the long lists come with the fields that are read, flat and as sent`() throws {
        let detail = #"""
            {"name":"x","segment_efforts":[ {"id":1,"athlete":{"id":[{"a":"]}"}]},"name":"a \"b\" ü","segment":{"id":7,"x":1,"city" : null,
             "start_latlng":[1, -2.5]},"achievements":[{"type":"pr"}]}, 5, [{"id":3}], null, {}, {"segment":[],"kom_rank":-0.5e3}],
             "best_efforts":[{"id":2,"hidden":true}],"laps":[{"id":1}]}
            """#
        #expect(
            try lists(detail) == #"""
                {"segment_efforts":[{"id":1,"name":"a \"b\" ü","segment.id":7,"segment.start_latlng":[1, -2.5],"achievements":[{"type":"pr"}]},{},{"kom_rank":-0.5e3}],"best_efforts":[{"id":2}]}
                """#)
    }

    @Test(arguments: [
        "{}", #"{"segment_efforts":[]}"#, #"{"segment_efforts":{"id":1}}"#, #"{"best_efforts":"[{}]"}"#, #"{"best_efforts":null}"#,
        #"{"segment_efforts":[1,null,"a",[]]}"#, #"{"laps":[{"id":1}]}"#,
    ])
    func `without an element there are no lists`(detail: String) throws {
        #expect(try lists(detail) == nil)
    }

    @Test func `elements beyond the bound are not read`() throws {
        let efforts = Array(repeating: #"{"id":1}"#, count: DocumentReader.elementsMax + 5).joined(separator: ",")
        let read = try #require(try lists(#"{"best_efforts":[\#(efforts)]}"#))
        #expect(read.matches(of: #/"id"/#).count == DocumentReader.elementsMax)
    }

    @Test(arguments: ["", "[]", "1", "null", "{\"a\":1", "{\"a\":1}}", "{\"a\" 1}", "<html>"])
    func `a body that is not an object is refused`(text: String) {
        #expect(throws: WarehouseError.self) { try reduce(text) }
        #expect(throws: WarehouseError.self) { try lists(text) }
    }
}
