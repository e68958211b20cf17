/// An argument of a tool, and what values it takes.
struct ToolArgument: Sendable {
    enum Kind: Sendable {
        case integer(ClosedRange<Int64>)
        case number
        /// One of these words; nil: any text.
        case text(words: [String]?)
        /// Some of these words.
        case words([String])
    }

    /// Bytes of a text: a query is the longest.
    static let bytesMax = QueryCheck.bytesMax

    let name: String
    let kind: Kind
    let remark: String
    var isRequired = false

    var schema: JSONNode {
        var members: [String: JSONNode] = ["description": .string(remark)]
        func list(_ words: [String]) -> JSONNode { .array(words.map { .string($0) }) }
        switch kind {
        case .integer(let range):
            members["type"] = .string("integer")
            members["minimum"] = .integer(range.lowerBound)
            if range.upperBound < .max { members["maximum"] = .integer(range.upperBound) }
        case .number: members["type"] = .string("number")
        case .text(let words):
            members["type"] = .string("string")
            if let words { members["enum"] = list(words) }
        case .words(let words):
            members["type"] = .string("array")
            members["minItems"] = .integer(1)
            members["items"] = .object(["type": .string("string"), "enum": list(words)])
        }
        return .object(members)
    }

    /// What to say when a value is none of these.
    var expectation: String {
        switch kind {
        case .integer(let range) where range.upperBound < .max:
            "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)."
        case .integer(let range): "\(name) must be a whole number, at least \(range.lowerBound)."
        case .number: "\(name) must be a number."
        case .text(let words?): "\(name) must be one of \(words.joined(separator: ", "))."
        case .text: "\(name) must be a text of at most \(Self.bytesMax) bytes."
        case .words(let words): "\(name) must be a list of some of \(words.joined(separator: ", "))."
        }
    }

    fileprivate func takes(_ value: JSONNode) -> Bool {
        switch kind {
        case .integer(let range): value.wholeNumber.map(range.contains) ?? false
        case .number: value.decimal != nil
        case .text(let words?): value.text.map(words.contains) ?? false
        case .text: value.text.map { $0.utf8.count <= Self.bytesMax && !$0.utf8.contains(0) } ?? false
        case .words(let words):
            if case .array(let values) = value {
                (1...words.count).contains(values.count) && values.allSatisfy { $0.text.map(words.contains) ?? false }
            } else {
                false
            }
        }
    }
}

/// The arguments of a call, checked against what the tool takes. A null stands for an argument that is not there.
struct ToolArguments: Sendable {
    private let values: [String: JSONNode]

    /// - Throws: `ToolFault` with a sentence that says what is expected.
    init(_ given: [String: JSONNode], for expected: [ToolArgument]) throws(ToolFault) {
        let values = given.filter { $0.value != .null }
        for argument in expected {
            if let value = values[argument.name] {
                guard argument.takes(value) else { throw ToolFault(argument.expectation) }
            } else if argument.isRequired {
                throw ToolFault("\(argument.name) is missing. \(argument.expectation)")
            }
        }
        guard Set(values.keys).isSubset(of: expected.map(\.name)) else {
            let names = expected.map(\.name).joined(separator: ", ")
            throw ToolFault(names.isEmpty ? "This tool takes no arguments." : "This tool takes no arguments but \(names).")
        }
        self.values = values
    }

    func integer(_ name: String) -> Int64? { values[name]?.wholeNumber }
    func number(_ name: String) -> Double? { values[name]?.decimal }
    func text(_ name: String) -> String? { values[name]?.text }

    func words(_ name: String) -> [String]? {
        if case .array(let values)? = values[name] { values.compactMap(\.text) } else { nil }
    }
}

extension JSONNode {
    /// Also of 5.0 (JSON Schema, "integer").
    fileprivate var wholeNumber: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    fileprivate var decimal: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value.isFinite ? value : nil
        default: nil
        }
    }
}
