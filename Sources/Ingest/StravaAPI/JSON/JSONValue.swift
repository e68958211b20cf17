/// A JSON value with numbers kept as written, so that an id of any size, or one written as `12.0`, can be judged by whoever reads it.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case list([JSONValue])
    /// Of a key that occurs twice the last value counts.
    case object([String: JSONValue])

    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var flag: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    var list: [JSONValue]? {
        if case .list(let values) = self { values } else { nil }
    }

    var double: Double? {
        if case .number(let digits) = self { Double(digits) } else { nil }
    }

    /// An integer, also when written as a whole float; nil for fractions and for what Int64 can't hold.
    var integer: Int64? {
        guard case .number(let digits) = self else { return nil }
        return Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
    }

    /// An integer, also when written as a text.
    var lenientInteger: Int64? {
        if case .text(let text) = self { Int64(text) } else { integer }
    }

    /// A flag, also when written as a text or as 1 or 0.
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
