/// HTTP statuses as labels: those that say something by themselves, the others by their class.
public enum StatusLabel {
    private static let own: Set<Int> = [200, 201, 202, 204, 304, 400, 401, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504]
    /// No answer.
    private static let none = "none"

    public static let classes = [none, "1xx", "2xx", "3xx", "4xx", "5xx"]
    public static let values = own.sorted().map { "\($0)" } + classes

    public static func of(_ status: Int?) -> String { status.map { own.contains($0) ? "\($0)" : `class`(of: $0) } ?? none }

    public static func `class`(of status: Int?) -> String {
        guard let status, (100..<600).contains(status) else { return none }
        return "\(status / 100)xx"
    }
}
