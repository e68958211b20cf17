import Core
import Foundation

/// A value that can be bound to a statement in PostgreSQL's binary format.
public protocol SQLEncodable: Sendable {
    /// The OID of its PostgreSQL type (pg_type.dat).
    static var sqlType: UInt32 { get }
    /// Appends the binary form and returns true; returns false for NULL.
    func encodeSQL(into buffer: inout [UInt8]) -> Bool
    /// The binary form, nil for NULL. A requirement, so that a value that has its bytes can return them without a copy.
    func encodedSQL() -> [UInt8]?
}

extension SQLEncodable {
    public func encodedSQL() -> [UInt8]? {
        var buffer: [UInt8] = []
        return encodeSQL(into: &buffer) ? buffer : nil
    }
}

/// A value that can be an element of a PostgreSQL array.
public protocol SQLArrayElement: SQLEncodable {
    static var sqlArrayType: UInt32 { get }
    /// Appends each element as length and bytes. A requirement, so that the loop is compiled for the concrete type.
    static func encodeElements(_ values: [Self], into buffer: inout [UInt8])
}

extension SQLArrayElement {
    fileprivate static func encodeEach(_ values: [Self], into buffer: inout [UInt8]) {
        for value in values { encodeElement(value, into: &buffer) }
    }

    fileprivate static func encodeElement(_ value: Self, into buffer: inout [UInt8]) {
        let start = buffer.count
        buffer.appendBigEndian(Int32(0))
        _ = value.encodeSQL(into: &buffer)
        buffer.replaceBigEndian(at: start, with: Int32(buffer.count - start - 4))
    }
}

extension [UInt8] {
    @inline(__always)
    fileprivate mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func replaceBigEndian(at index: Int, with value: Int32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { bytes in
            for (offset, byte) in bytes.enumerated() { self[index + offset] = byte }
        }
    }

    /// Appends elements of one fixed size, each after its length, in one pass over reserved memory.
    @inline(__always)
    fileprivate mutating func appendFixedElements<Item, Value: FixedWidthInteger>(_ values: [Item], _ bits: (Item) -> Value) {
        let size = MemoryLayout<Value>.size
        let length = Int32(size).bigEndian
        let start = count
        append(contentsOf: repeatElement(0, count: values.count * (size + 4)))
        withUnsafeMutableBytes { bytes in
            var offset = start
            for value in values {
                bytes.storeBytes(of: length, toByteOffset: offset, as: Int32.self)
                bytes.storeBytes(of: bits(value).bigEndian, toByteOffset: offset + 4, as: Value.self)
                offset += size + 4
            }
        }
    }
}

extension Int64: SQLArrayElement {
    public static var sqlType: UInt32 { 20 }
    public static var sqlArrayType: UInt32 { 1016 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(self)
        return true
    }
    public static func encodeElements(_ values: [Int64], into buffer: inout [UInt8]) { buffer.appendFixedElements(values) { $0 } }
}

extension Int: SQLArrayElement {
    public static var sqlType: UInt32 { 20 }
    public static var sqlArrayType: UInt32 { 1016 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(Int64(self))
        return true
    }
    public static func encodeElements(_ values: [Int], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { Int64($0) }
    }
}

extension Int32: SQLArrayElement {
    public static var sqlType: UInt32 { 23 }
    public static var sqlArrayType: UInt32 { 1007 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(self)
        return true
    }
    public static func encodeElements(_ values: [Int32], into buffer: inout [UInt8]) { buffer.appendFixedElements(values) { $0 } }
}

extension Int16: SQLArrayElement {
    public static var sqlType: UInt32 { 21 }
    public static var sqlArrayType: UInt32 { 1005 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(self)
        return true
    }
    public static func encodeElements(_ values: [Int16], into buffer: inout [UInt8]) { buffer.appendFixedElements(values) { $0 } }
}

extension Double: SQLArrayElement {
    public static var sqlType: UInt32 { 701 }
    public static var sqlArrayType: UInt32 { 1022 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(bitPattern)
        return true
    }
    public static func encodeElements(_ values: [Double], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { $0.bitPattern }
    }
}

extension Float: SQLArrayElement {
    public static var sqlType: UInt32 { 700 }
    public static var sqlArrayType: UInt32 { 1021 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(bitPattern)
        return true
    }
    public static func encodeElements(_ values: [Float], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { $0.bitPattern }
    }
}

extension Bool: SQLArrayElement {
    public static var sqlType: UInt32 { 16 }
    public static var sqlArrayType: UInt32 { 1000 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.append(self ? 1 : 0)
        return true
    }
    public static func encodeElements(_ values: [Bool], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { UInt8($0 ? 1 : 0) }
    }
}

extension String: SQLArrayElement {
    public static var sqlType: UInt32 { 25 }
    public static var sqlArrayType: UInt32 { 1009 }
    /// PostgreSQL's text can't hold a zero byte: zero bytes are dropped.
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        let start = buffer.count
        buffer.append(contentsOf: utf8)
        if buffer[start...].contains(0) { buffer.replaceSubrange(start..., with: buffer[start...].filter { $0 != 0 }) }
        return true
    }
    public static func encodeElements(_ values: [String], into buffer: inout [UInt8]) { encodeEach(values, into: &buffer) }
}

extension Date: SQLArrayElement {
    public static var sqlType: UInt32 { 1184 }
    public static var sqlArrayType: UInt32 { 1185 }
    /// `timestamptz`: microseconds since 2000-01-01 UTC. `distantFuture` and `distantPast` are PostgreSQL's infinities.
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.appendBigEndian(postgresMicroseconds)
        return true
    }
    public static func encodeElements(_ values: [Date], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { $0.postgresMicroseconds }
    }

    /// Seconds from Unix's epoch to PostgreSQL's.
    static let postgresEpoch_s: Double = 946_684_800

    fileprivate var postgresMicroseconds: Int64 {
        if self >= .distantFuture { return .max }
        if self <= .distantPast { return .min }
        return Int64(((timeIntervalSince1970 - Date.postgresEpoch_s) * 1e6).rounded())
    }
}

extension UUID: SQLArrayElement {
    public static var sqlType: UInt32 { 2950 }
    public static var sqlArrayType: UInt32 { 2951 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        withUnsafeBytes(of: uuid) { buffer.append(contentsOf: $0) }
        return true
    }
    public static func encodeElements(_ values: [UUID], into buffer: inout [UInt8]) { encodeEach(values, into: &buffer) }
}

extension AthleteID: SQLArrayElement {
    public static var sqlType: UInt32 { 20 }
    public static var sqlArrayType: UInt32 { 1016 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool { rawValue.encodeSQL(into: &buffer) }
    public static func encodeElements(_ values: [AthleteID], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { $0.rawValue }
    }
}

extension ActivityID: SQLArrayElement {
    public static var sqlType: UInt32 { 20 }
    public static var sqlArrayType: UInt32 { 1016 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool { rawValue.encodeSQL(into: &buffer) }
    public static func encodeElements(_ values: [ActivityID], into buffer: inout [UInt8]) {
        buffer.appendFixedElements(values) { $0.rawValue }
    }
}

extension Optional: SQLEncodable where Wrapped: SQLEncodable {
    public static var sqlType: UInt32 { Wrapped.sqlType }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        guard let value = self else { return false }
        return value.encodeSQL(into: &buffer)
    }
    public func encodedSQL() -> [UInt8]? { flatMap { $0.encodedSQL() } }
}

/// `[UInt8]` binds as `bytea`; arrays of all other elements bind as PostgreSQL arrays.
extension Array: SQLEncodable where Element: SQLArrayElement {
    public static var sqlType: UInt32 { Element.sqlArrayType }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        // By type, not by casting the value: an empty array can be cast to any array type.
        if Element.self == UInt8.self {
            Element.encodeElements(self, into: &buffer)
            return true
        }
        buffer.appendArrayHeader(count: count, elementType: Element.sqlType, hasNull: false)
        Element.encodeElements(self, into: &buffer)
        return true
    }
}

/// A byte is bound only as part of `bytea`, since PostgreSQL has no one-byte integer. Its array type is `bytea` itself.
extension UInt8: SQLArrayElement {
    public static var sqlType: UInt32 { 18 }
    public static var sqlArrayType: UInt32 { 17 }
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.append(self)
        return true
    }
    public static func encodeElements(_ values: [UInt8], into buffer: inout [UInt8]) { buffer.append(contentsOf: values) }
}

/// `[[UInt8]]` binds as `bytea[]`.
extension [UInt8]: SQLArrayElement {
    public static var sqlArrayType: UInt32 { 1001 }
    public static func encodeElements(_ values: [[UInt8]], into buffer: inout [UInt8]) {
        buffer.reserveCapacity(buffer.count + values.reduce(0) { $0 + 4 + $1.count })
        for value in values {
            buffer.appendBigEndian(Int32(value.count))
            buffer.append(contentsOf: value)
        }
    }
}

/// An array with NULLs among its elements.
public struct SQLArray<Element: SQLArrayElement>: SQLEncodable {
    public var elements: [Element?]

    public init(_ elements: [Element?]) { self.elements = elements }

    public static var sqlType: UInt32 { Element.sqlArrayType }

    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        let hasNull = elements.contains { $0 == nil }
        buffer.appendArrayHeader(count: elements.count, elementType: Element.sqlType, hasNull: hasNull)
        for element in elements {
            if let element { Element.encodeElement(element, into: &buffer) } else { buffer.appendBigEndian(Int32(-1)) }
        }
        return true
    }
}

/// Text that is JSON and binds as `jsonb`.
public struct JSONText: SQLArrayElement, Equatable {
    public let text: String
    public init(_ text: String) { self.text = text }
    public static var sqlType: UInt32 { 3802 }
    public static var sqlArrayType: UInt32 { 3807 }
    /// The binary form of jsonb is a version byte, 1, and the text.
    public func encodeSQL(into buffer: inout [UInt8]) -> Bool {
        buffer.append(1)
        buffer.append(contentsOf: text.utf8)
        return true
    }
    public static func encodeElements(_ values: [JSONText], into buffer: inout [UInt8]) { encodeEach(values, into: &buffer) }
}

extension [UInt8] {
    /// The header of a one-dimensional array (src/backend/utils/adt/arrayfuncs.c, array_recv): dimensions, flags, type, length, lower
    /// bound.
    fileprivate mutating func appendArrayHeader(count: Int, elementType: UInt32, hasNull: Bool) {
        appendBigEndian(Int32(count == 0 ? 0 : 1))
        appendBigEndian(Int32(hasNull ? 1 : 0))
        appendBigEndian(elementType)
        guard count > 0 else { return }
        appendBigEndian(Int32(count))
        appendBigEndian(Int32(1))
    }
}
