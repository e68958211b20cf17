/// A column's type in Arrow: a value, or a list of values for an array of one dimension.
public struct ArrowType: Equatable, Sendable {
    public let scalar: ArrowScalar
    public let isList: Bool

    public init(_ scalar: ArrowScalar, isList: Bool = false) {
        self.scalar = scalar
        self.isList = isList
    }

    /// The type for a PostgreSQL column. What Arrow has no type of the same values for, numeric, interval and json among it, is text.
    /// - Parameters:
    ///   - oid: the column's type.
    ///   - element: of an array, the type of its elements; nil for all others.
    public init(oid: UInt32, element: UInt32?) {
        self.init(ArrowScalar(rawValue: element ?? oid) ?? .utf8, isList: element != nil)
    }

    /// The type to which the column must be cast in the COPY that is encoded.
    public var postgresName: String { scalar.postgresName + (isList ? "[]" : "") }
}
