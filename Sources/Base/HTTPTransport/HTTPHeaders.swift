/// The header fields of an answer, in the order received; names are compared without regard to case.
public struct HTTPHeaders: Sendable, Equatable {
    private struct Field: Sendable, Equatable {
        let name: String
        let value: String
    }

    private var fields: [Field] = []

    public init() {}

    public init(_ fields: [(name: String, value: String)]) {
        for field in fields { add(name: field.name, value: field.value) }
    }

    /// The first value of the field, or nil when it is absent.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name == wanted }?.value
    }

    /// All values of the field, in the order received.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name == wanted }.map(\.value)
    }

    public var count: Int { fields.count }

    mutating func add(name: String, value: String) {
        fields.append(Field(name: name.lowercased(), value: value))
    }
}
