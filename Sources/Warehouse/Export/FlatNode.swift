/// A value of a FlatBuffer as far as Arrow's messages need them; a table's fields stand in the order of their slots, nil for the default.
indirect enum FlatNode {
    case uint8(UInt8)
    case int16(Int16)
    case int32(Int32)
    case int64(Int64)
    case string(String)
    case table([FlatNode?])
    case tables([FlatNode])
    /// A vector of structs of two 64-bit numbers each.
    case pairs([(Int64, Int64)])

    /// How many bytes it takes in its table, and to what they are aligned. What is not a number is referred to.
    var size_bytes: Int {
        switch self {
        case .uint8: 1
        case .int16: 2
        case .int32, .string, .table, .tables, .pairs: 4
        case .int64: 8
        }
    }
}
