/// The application's quota as configured: calls in a natural quarter hour and calls in a UTC day.
/// What Strava's headers say replaces it.
public struct RateLimit: Sendable, Equatable {
    /// Calls in a quarter hour that starts at :00, :15, :30 or :45.
    public let quarter: Int
    /// Calls in a day that starts at midnight UTC.
    public let day: Int

    public init(quarter: Int, day: Int) {
        self.quarter = quarter
        self.day = day
    }

    /// Reads `600,30000`. Nil unless both are whole numbers from 1 to `limitMax`.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            Int(part.filter { $0 != " " })
        }
        guard parts.count == 2, let quarter = parts[0], let day = parts[1],
            Self.allowed.contains(quarter), Self.allowed.contains(day)
        else { return nil }
        self.init(quarter: quarter, day: day)
    }

    /// For benchmarks against a simulator without limits: costs next to nothing per call.
    public static let unlimited = RateLimit(quarter: limitMax, day: limitMax)

    /// Numbers beyond it, in the configuration or in a header, are not believed.
    public static let limitMax = 1_000_000_000
    static let allowed = 1...limitMax
}
