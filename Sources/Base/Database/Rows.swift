import CLibpq
import Foundation

/// The answer to one statement.
public struct Rows: RandomAccessCollection, Sendable {
    private let result: QueryResult
    public let startIndex = 0
    public let endIndex: Int
    /// Rows changed by INSERT, UPDATE, DELETE, MERGE or COPY; rows returned by SELECT.
    public let affected: Int

    init(_ result: QueryResult) {
        self.result = result
        endIndex = result.rowCount
        affected = result.affected
    }

    public subscript(position: Int) -> Row { Row(result: result, index: position) }
}

/// One row of an answer. Columns are read by position, in the order of the statement.
public struct Row: Sendable {
    let result: QueryResult
    let index: Int

    /// Decodes the first columns: `let (id, name) = try row.decode(Int64.self, String?.self)`.
    public func decode<each Value: SQLDecodable>(_ types: repeat (each Value).Type) throws -> (repeat each Value) {
        var column = 0
        func next<Column: SQLDecodable>(_: Column.Type) throws -> Column {
            defer { column += 1 }
            return try Column.decodeSQL(try result.cell(row: index, column: column))
        }
        return (repeat try next((each types)))
    }

    /// Decodes the first column alone.
    public func decode<Value: SQLDecodable>(_: Value.Type) throws -> Value { try column(0) }

    /// Decodes one column by position.
    public func column<Value: SQLDecodable>(_ position: Int, as _: Value.Type = Value.self) throws -> Value {
        try Value.decodeSQL(try result.cell(row: index, column: position))
    }
}

/// Owns a PGresult and frees it.
///
/// `@unchecked Sendable`: libpq never changes a PGresult after PQgetResult has returned it, and reading it is thread-safe
/// (PostgreSQL documentation, "Behavior in Threaded Programs").
final class QueryResult: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    var rowCount: Int { Int(PQntuples(pointer)) }

    /// The statement's kind, with the number of rows where it has one: `INSERT 0 5`.
    var tag: String { String(cString: PQcmdStatus(pointer)) }

    var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func cell(row: Int, column: Int) throws -> SQLCell {
        let row = Int32(row)
        guard column < Int(PQnfields(pointer)) else {
            throw DatabaseError(.decoding, "column \(column) is read where the answer has \(PQnfields(pointer)) columns")
        }
        let column = Int32(column)
        let type = PQftype(pointer, column)
        if PQgetisnull(pointer, row, column) == 1 { return SQLCell(type: type, bytes: nil) }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column)))
        return SQLCell(type: type, bytes: bytes)
    }
}
