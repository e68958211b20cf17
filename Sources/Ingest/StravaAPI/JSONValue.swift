import CSimdjson

/// A JSON value whose numbers are kept as written, so that its reader can judge an id of any size, or one written as `12.0`.
///
/// Read by simdjson, three times as fast as by Foundation. A list page, with splitting and fingerprints, is read twice as fast as Foundation
/// only parses it (`warehouse-bench --only list`).
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case list([JSONValue])
    /// If a key occurs twice, the last value counts.
    case object([String: JSONValue])

    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var list: [JSONValue]? {
        if case .list(let values) = self { values } else { nil }
    }

    var double: Double? {
        if case .number(let digits) = self { Double(digits) } else { nil }
    }

    /// An integer, also when written as a whole fraction (12.0); nil for other fractions and for what Int64 can't hold.
    var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
    }

    /// An integer, also when written as a string.
    var lenientInteger: Int64? {
        if case .text(let text) = self { Int64(text.filter { $0 != " " }) } else { integer }
    }

    /// A Boolean, also when written as a string or as 1 or 0.
    var lenientFlag: Bool? {
        switch self {
        case .bool(let flag): flag
        case .text("true"), .text("1"), .number("1"): true
        case .text("false"), .text("0"), .number("0"): false
        default: nil
        }
    }

    /// Whether this is a whole number that Int64 can't hold.
    var isIntegerBeyondInt64: Bool {
        guard let double, integer == nil else { return false }
        return double.rounded() == double
    }
}

// MARK: Reading

extension JSONValue {
    enum Failure: Error, Equatable { case malformed, tooDeep }

    /// Strava's deepest answer (a detailed activity's segment efforts) has about six levels.
    private static let depthMax = 64

    /// Reads the one value that `bytes` hold (RFC 8259), with or without a byte order mark. NaN and Infinity, which some writers send for
    /// missing numbers, are null; half a surrogate pair is U+FFFD.
    init(parsing bytes: [UInt8]) throws(Failure) {
        var builder = JSONBuilder()
        let status = withUnsafeMutablePointer(to: &builder) { builder in
            fsj_value_read(bytes, bytes.count, Self.depthMax, builder) { context, event, text, length in
                let text = UnsafeRawBufferPointer(start: text, count: length)
                context?.assumingMemoryBound(to: JSONBuilder.self).pointee.add(event, text)
            }
        }
        if status == FSJ_TOO_DEEP { throw .tooDeep }
        guard status == FSJ_OK, let value = builder.value else { throw .malformed }
        self = value
    }
}

/// Puts a value together from its parts, which come in the order in which they stand.
private struct JSONBuilder {
    /// Finished values and keys of the objects and lists that are open.
    private var values: [JSONValue] = []
    private var keys: [String] = []
    private var open: [(isObject: Bool, firstValue: Int)] = []

    var value: JSONValue? { open.isEmpty && values.count == 1 ? values[0] : nil }

    mutating func add(_ event: fsj_event, _ text: UnsafeRawBufferPointer) {
        switch event {
        case FSJ_EVENT_NULL: values.append(.null)
        case FSJ_EVENT_TRUE: values.append(.bool(true))
        case FSJ_EVENT_FALSE: values.append(.bool(false))
        case FSJ_EVENT_NUMBER: values.append(.number(String(decoding: text, as: UTF8.self)))
        case FSJ_EVENT_STRING: values.append(.text(String(decoding: text, as: UTF8.self)))
        case FSJ_EVENT_KEY: keys.append(String(decoding: text, as: UTF8.self))
        case FSJ_EVENT_OBJECT, FSJ_EVENT_LIST: open.append((event == FSJ_EVENT_OBJECT, values.count))
        default: close()
        }
    }

    private mutating func close() {
        guard let (isObject, firstValue) = open.popLast() else { return }
        let inside = values[firstValue...]
        let value: JSONValue =
            isObject ? .object(Dictionary(zip(keys.suffix(inside.count), inside)) { _, last in last }) : .list(Array(inside))
        if isObject { keys.removeLast(inside.count) }
        values.removeSubrange(firstValue...)
        values.append(value)
    }
}

// MARK: Writing

extension JSONValue {
    /// The value as compact JSON, keys in order.
    var json: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let digits): digits
        case .text(let text): Self.quoted(text)
        case .list(let values): "[" + values.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\0"..<"\u{10}": "\\u000" + String(scalar.value, radix: 16)
            case "\u{10}"..<" ": "\\u00" + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
