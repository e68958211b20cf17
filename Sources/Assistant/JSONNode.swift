import Core
import Foundation

/// A JSON value: what a client sent, or what it is sent.
enum JSONNode: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])
    /// A value that PostgreSQL has written as JSON already.
    case raw(String)

    /// Nil: no JSON in UTF-8, or nested too deeply.
    static func parse(_ bytes: [UInt8]) -> JSONNode? { try? JSONDecoder().decode(JSONNode.self, from: Data(bytes)) }

    /// The member of an object.
    subscript(key: String) -> JSONNode? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// JSON, with the members of objects in alphabetical order.
    var json: String {
        var out: [UInt8] = []
        write(to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private func write(to out: inout [UInt8]) {
        switch self {
        case .null: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .integer(let value): out += "\(value)".utf8
        case .number(let value): out += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): JSONString.append(value.utf8, to: &out)
        case .array(let values):
            out.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                value.write(to: &out)
            }
            out.append(UInt8(ascii: "]"))
        case .object(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                JSONString.append(member.key.utf8, to: &out)
                out.append(UInt8(ascii: ":"))
                member.value.write(to: &out)
            }
            out.append(UInt8(ascii: "}"))
        case .raw(let json): out += json.utf8
        }
    }
}

extension JSONNode: Decodable {
    init(from decoder: any Decoder) throws {
        // A wrong guess costs an error: what a message has many of comes first.
        if let scalar = try JSONNode(scalar: decoder.singleValueContainer()) {
            self = scalar
        } else if var values = try? decoder.unkeyedContainer() {
            var elements: [JSONNode] = []
            while !values.isAtEnd { elements.append(try values.decode(JSONNode.self)) }
            self = .array(elements)
        } else {
            let values = try decoder.container(keyedBy: MemberName.self)
            var members: [String: JSONNode] = [:]
            for key in values.allKeys { members[key.stringValue] = try values.decode(JSONNode.self, forKey: key) }
            self = .object(members)
        }
    }

    /// Nil: an array or an object.
    private init?(scalar value: any SingleValueDecodingContainer) throws {
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .string(text)
        } else if let number = try? value.decode(Int64.self) {
            self = .integer(number)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else {
            return nil
        }
    }

    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
