import CLibpq
import Core
import Foundation

/// The result of one statement.
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

/// One row of a result. Columns are read by position, in the order of the statement.
public struct Row: Sendable {
    fileprivate let result: QueryResult
    fileprivate let index: Int

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
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { PQclear(pointer) }

    fileprivate var rowCount: Int { Int(PQntuples(pointer)) }

    /// The statement's kind, with the number of rows where it has one: `INSERT 0 5`.
    var tag: String { String(cString: PQcmdStatus(pointer)) }

    var affected: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    fileprivate func cell(row: Int, column: Int) throws -> SQLCell {
        let row = Int32(row)
        guard column < Int(PQnfields(pointer)) else {
            throw DatabaseError(.decoding, "column \(column) is read where the result has \(PQnfields(pointer)) columns")
        }
        let column = Int32(column)
        let type = PQftype(pointer, column)
        if PQgetisnull(pointer, row, column) == 1 { return SQLCell(type: type, bytes: nil) }
        let bytes = UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column)))
        return SQLCell(type: type, bytes: bytes)
    }
}

/// One column of one row in binary form: the OID of its type and its bytes, nil for NULL. Valid as long as its result lives.
public struct SQLCell {
    public let type: UInt32
    public let bytes: UnsafeRawBufferPointer?

    fileprivate func required() throws -> UnsafeRawBufferPointer {
        guard let bytes else { throw DatabaseError(.decoding, "a column is NULL where a value is expected") }
        return bytes
    }

    fileprivate func integer() throws -> Int64 {
        let bytes = try required()
        switch type {
        case 20: return try bytes.bigEndian(Int64.self)
        case 23: return Int64(try bytes.bigEndian(Int32.self))
        case 21: return Int64(try bytes.bigEndian(Int16.self))
        case 26: return Int64(try bytes.bigEndian(UInt32.self))
        default: throw DatabaseError(.decoding, "a column of type \(type) is read as an integer")
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func bigEndian<Value: FixedWidthInteger>(_: Value.Type, at offset: Int = 0) throws -> Value {
        guard count >= offset + MemoryLayout<Value>.size else { throw DatabaseError(.decoding, "a value is shorter than its type") }
        return Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
}

/// A value that can be read from a column in binary format.
public protocol SQLDecodable: Sendable {
    static func decodeSQL(_ cell: SQLCell) throws -> Self
}

extension Optional: SQLDecodable where Wrapped: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Wrapped? {
        cell.bytes == nil ? nil : try Wrapped.decodeSQL(cell)
    }
}

extension Int64: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Int64 { try cell.integer() }
}

extension Int: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Int { Int(try cell.integer()) }
}

extension Int32: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Int32 { try narrow(cell) }
}

extension Int16: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Int16 { try narrow(cell) }
}

private func narrow<Value: FixedWidthInteger>(_ cell: SQLCell) throws -> Value {
    guard let value = Value(exactly: try cell.integer()) else {
        throw DatabaseError(.decoding, "an integer column does not fit")
    }
    return value
}

extension Double: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Double {
        let bytes = try cell.required()
        switch cell.type {
        case 701: return Double(bitPattern: try bytes.bigEndian(UInt64.self))
        case 700: return Double(Float(bitPattern: try bytes.bigEndian(UInt32.self)))
        default: return Double(try cell.integer())
        }
    }
}

extension Float: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Float { Float(try Double.decodeSQL(cell)) }
}

extension Bool: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> Bool {
        guard cell.type == 16 else { throw DatabaseError(.decoding, "a column of type \(cell.type) is read as a boolean") }
        return try cell.required().first == 1
    }
}

extension String: SQLDecodable {
    /// Text and similar types, json, enumerations, names; jsonb without its version byte.
    public static func decodeSQL(_ cell: SQLCell) throws -> String {
        let bytes = try cell.required()
        let binaryOnly: Set<UInt32> = [16, 17, 20, 21, 23, 700, 701, 1082, 1114, 1184, 1700, 2950]
        if binaryOnly.contains(cell.type) {
            throw DatabaseError(.decoding, "a column of type \(cell.type) is read as text: cast it in the statement")
        }
        return String(decoding: cell.type == 3802 ? UnsafeRawBufferPointer(rebasing: bytes.dropFirst()) : bytes, as: UTF8.self)
    }
}

extension Date: SQLDecodable {
    /// `timestamptz`, `timestamp` (taken as UTC) and `date` (its midnight).
    public static func decodeSQL(_ cell: SQLCell) throws -> Date {
        let bytes = try cell.required()
        switch cell.type {
        case 1184, 1114: return Date(postgresMicroseconds: try bytes.bigEndian(Int64.self))
        case 1082: return Date(timeIntervalSince1970: postgresEpoch_s + Double(try bytes.bigEndian(Int32.self)) * 86_400)
        default: throw DatabaseError(.decoding, "a column of type \(cell.type) is read as a time")
        }
    }

    fileprivate init(postgresMicroseconds value: Int64) {
        switch value {
        case .max: self = .distantFuture
        case .min: self = .distantPast
        default: self = Date(timeIntervalSince1970: Date.postgresEpoch_s + Double(value) / 1e6)
        }
    }
}

extension UUID: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> UUID {
        let bytes = try cell.required()
        guard bytes.count == 16 else { throw DatabaseError(.decoding, "a column is not a uuid") }
        return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension AthleteID: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> AthleteID { AthleteID(try cell.integer()) }
}

extension ActivityID: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> ActivityID { ActivityID(try cell.integer()) }
}

extension UInt8: SQLDecodable {
    public static func decodeSQL(_ cell: SQLCell) throws -> UInt8 { try narrow(cell) }
}

extension Array: SQLDecodable where Element: SQLDecodable {
    /// `bytea` into `[UInt8]`; one-dimensional arrays otherwise. NULL elements need an optional element type.
    public static func decodeSQL(_ cell: SQLCell) throws -> [Element] {
        let bytes = try cell.required()
        if cell.type == 17 {
            guard Element.self == UInt8.self else { throw DatabaseError(.decoding, "a bytea column is read as something else") }
            // The types have just been compared; a cast would convert byte by byte.
            return unsafeBitCast([UInt8](bytes), to: [Element].self)
        }
        guard bytes.count >= 12 else { throw DatabaseError(.decoding, "a column of type \(cell.type) is read as an array") }
        return try elements(of: bytes)
    }

    private static func elements(of bytes: UnsafeRawBufferPointer) throws -> [Element] {
        let dimensions = try bytes.bigEndian(Int32.self)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { throw DatabaseError(.decoding, "an array has more than one dimension") }
        let type = try bytes.bigEndian(UInt32.self, at: 8)
        let count = Int(try bytes.bigEndian(Int32.self, at: 12))
        var offset = 20
        // Each element has a length at least.
        guard count >= 0, count <= (bytes.count - offset) / 4 else { throw DatabaseError(.decoding, "an array is shorter than it says") }
        var result: [Element] = []
        result.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try bytes.bigEndian(Int32.self, at: offset))
            offset += 4
            guard length <= bytes.count - offset else { throw DatabaseError(.decoding, "an array is shorter than it says") }
            let slice = length < 0 ? nil : UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            result.append(try Element.decodeSQL(SQLCell(type: type, bytes: slice)))
            offset += Swift.max(length, 0)
        }
        return result
    }
}
