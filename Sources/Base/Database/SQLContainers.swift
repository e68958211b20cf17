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
        // By type, not by a cast of the value: an empty array can be cast to any array.
        if Element.self == UInt8.self {
            Element.encodeElements(self, into: &buffer)
            return true
        }
        buffer.appendArrayHeader(count: count, elementType: Element.sqlType, hasNull: false)
        Element.encodeElements(self, into: &buffer)
        return true
    }
}

/// A byte is bound only as a part of `bytea`; PostgreSQL has no one-byte integer. Its array type is `bytea` itself.
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
    /// The header of a one-dimensional array (src/backend/utils/adt/arrayfuncs.c, array_recv): dimensions, flags, type, length, lower bound.
    mutating func appendArrayHeader(count: Int, elementType: UInt32, hasNull: Bool) {
        appendBigEndian(Int32(count == 0 ? 0 : 1))
        appendBigEndian(Int32(hasNull ? 1 : 0))
        appendBigEndian(elementType)
        guard count > 0 else { return }
        appendBigEndian(Int32(count))
        appendBigEndian(Int32(1))
    }
}
