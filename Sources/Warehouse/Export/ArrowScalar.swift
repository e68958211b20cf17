/// What a value is in Arrow. The raw value is the OID of the PostgreSQL type whose binary form it is read from (PostgreSQL, pg_type.dat).
public enum ArrowScalar: UInt32, CaseIterable, Sendable {
    case bool = 16
    case binary = 17
    case int64 = 20
    case int16 = 21
    case int32 = 23
    case utf8 = 25
    case float32 = 700
    case float64 = 701
    /// Days since 1970-01-01.
    case date = 1082
    /// Microseconds since 1970-01-01, of no zone.
    case timestamp = 1114
    /// Microseconds since 1970-01-01 in UTC.
    case timestampUTC = 1184

    var postgresName: String {
        switch self {
        case .bool: "bool"
        case .binary: "bytea"
        case .int64: "int8"
        case .int16: "int2"
        case .int32: "int4"
        case .utf8: "text"
        case .float32: "float4"
        case .float64: "float8"
        case .date: "date"
        case .timestamp: "timestamp"
        case .timestampUTC: "timestamptz"
        }
    }
}
