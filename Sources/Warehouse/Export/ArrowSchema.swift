/// The columns of a stream, in their order, and what the whole is.
public struct ArrowSchema: Equatable, Sendable {
    public let fields: [ArrowField]
    /// Becomes the schema's metadata under the key `comment`.
    public let comment: String?

    public init(_ fields: [ArrowField], comment: String? = nil) {
        self.fields = fields
        self.comment = comment
    }
}

/// A column: its name, its type, and for people what is in it. Each may hold nulls.
public struct ArrowField: Equatable, Sendable {
    public let name: String
    public let type: ArrowType
    /// Becomes the field's metadata under the key `comment`.
    public let comment: String?

    public init(name: String, type: ArrowType, comment: String? = nil) {
        self.name = name
        self.type = type
        self.comment = comment
    }
}
