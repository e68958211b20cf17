import Core
import Foundation

/// A successful answer, with its body as Strava sent it.
public struct StravaAnswer: Sendable {
    public let call: StravaCall
    public let status: Int
    public let body: [UInt8]
    public let rateLimit: RateLimitHeaders?
    /// Strava's own clock (the `Date` header).
    public let serverDate: Date?
    /// Our clock when the answer was complete.
    public let fetchedAt: Date

    public init(
        call: StravaCall, status: Int = 200, body: [UInt8], rateLimit: RateLimitHeaders? = nil, serverDate: Date? = nil,
        fetchedAt: Date
    ) {
        self.call = call
        self.status = status
        self.body = body
        self.rateLimit = rateLimit
        self.serverDate = serverDate
        self.fetchedAt = fetchedAt
    }
}
