import Core
import Foundation

/// A value that can be bound to a statement in PostgreSQL's binary format.
public protocol SQLEncodable: Sendable {
    /// The OID of its PostgreSQL type (pg_type.dat).
    static var sqlType: UInt32 { get }
    /// Appends the binary form and answers true; answers false for NULL.
    func encodeSQL(into buffer: inout [UInt8]) -> Bool
    /// The binary form, nil for NULL. A requirement, so that a value which holds its bytes ready can give them without a copy.
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
    static func encodeEach(_ values: [Self], into buffer: inout [UInt8]) {
        for value in values { encodeElement(value, into: &buffer) }
    }

    static func encodeElement(_ value: Self, into buffer: inout [UInt8]) {
        let start = buffer.count
        buffer.appendBigEndian(Int32(0))
        _ = value.encodeSQL(into: &buffer)
        buffer.replaceBigEndian(at: start, with: Int32(buffer.count - start - 4))
    }
}

extension [UInt8] {
    @inline(__always)
    mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }

    mutating func replaceBigEndian(at index: Int, with value: Int32) {
        Swift.withUnsafeBytes(of: value.bigEndian) { bytes in
            for (offset, byte) in bytes.enumerated() { self[index + offset] = byte }
        }
    }

    /// Appends elements of one fixed size, each after its length, in one pass over reserved memory.
    @inline(__always)
    mutating func appendFixedElements<Item, Value: FixedWidthInteger>(_ values: [Item], _ bits: (Item) -> Value) {
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
    /// PostgreSQL's text can't hold a zero byte; it is dropped, as all else is kept.
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

    var postgresMicroseconds: Int64 {
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
