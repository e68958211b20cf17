/// A JSON value of an import line, as far as its fields need it.
enum ImportValue: Decodable, Sendable, Equatable {
    case null
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([ImportValue])
    /// A boolean or an object: no field takes one.
    case other

    init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            var values: [ImportValue] = []
            while !list.isAtEnd { values.append(try list.decode(ImportValue.self)) }
            self = .list(values)
            return
        }
        guard let value = try? decoder.singleValueContainer() else {
            self = .other
            return
        }
        if value.decodeNil() {
            self = .null
        } else if (try? value.decode(Bool.self)) != nil {
            self = .other
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = (try? value.decode(String.self)).map { .text($0) } ?? .other
        }
    }
}
