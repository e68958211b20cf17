/// A route with its athlete and its query: all that stands in a request's first line.
public struct ControlTarget: Sendable {
    public let route: ControlRoute
    public let path: String

    /// - Parameters:
    ///   - athlete: fills in `{athlete_id}`; nil for routes that have none.
    ///   - query: names and values; values are percent-encoded here.
    public init(_ route: ControlRoute, athlete: Int64? = nil, query: [(name: String, value: String)] = []) {
        self.route = route
        let path = athlete.map { route.path(athlete: $0) } ?? route.path
        let pairs = query.map { "\($0.name)=\(Self.encoded($0.value))" }
        self.path = pairs.isEmpty ? path : path + "?" + pairs.joined(separator: "&")
    }

    /// RFC 3986, section 2.3: unreserved characters stand for themselves, every other byte becomes `%XX`.
    private static func encoded(_ value: String) -> String {
        value.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default:
                (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
