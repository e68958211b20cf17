/// A statement with its parameters. Interpolated values become `$1`, `$2`, … and travel in binary form, never as text of the statement.
///
///     let statement: SQL = "SELECT name FROM silver.activity WHERE athlete_id = \(athlete)"
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    public private(set) var text: String
    public private(set) var parameters: [SQLParameter]

    public init(stringLiteral value: String) {
        text = value
        parameters = []
    }

    public init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
        parameters = stringInterpolation.parameters
    }

    /// A statement from text that is not a literal, such as the content of an SQL file, with the values of its `$n` parameters.
    public init(raw text: String, parameters: [SQLParameter] = []) {
        self.text = text
        self.parameters = parameters
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""
        var parameters: [SQLParameter] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 3)
            parameters.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { text += literal }

        public mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value) {
            parameters.append(SQLParameter(value))
            text += "$\(parameters.count)"
        }

        /// Nil binds as NULL.
        public mutating func appendInterpolation<Value: SQLEncodable>(_ value: Value?) {
            parameters.append(SQLParameter(value))
            text += "$\(parameters.count)"
        }

        /// Inserts a part of a statement with its parameters, which are numbered on.
        public mutating func appendInterpolation(_ part: SQL) {
            let before = parameters.count
            let isNumberedAlready = before == 0 || part.parameters.isEmpty
            text +=
                isNumberedAlready
                ? part.text : part.text.replacing(#/\$([0-9]+)/#) { match in "$\(before + (Int(match.1) ?? 0))" }
            parameters += part.parameters
        }

        /// Inserts text into the statement as it is: identifiers and fragments of our own, never input.
        public mutating func appendInterpolation(raw fragment: String) { text += fragment }
    }
}

/// One bound value: its PostgreSQL type and its binary form, nil for NULL.
public struct SQLParameter: Sendable {
    public let type: UInt32
    public let bytes: [UInt8]?

    public init<Value: SQLEncodable>(_ value: Value) {
        type = Value.sqlType
        bytes = value.encodedSQL()
    }
}
