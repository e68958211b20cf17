import Foundation

/// What one quarter hour saw.
public struct QuotaWindow: Sendable, Equatable {
    public let startsAt: Date
    /// Counted and answered.
    public internal(set) var allowed = 0
    /// Answered 429; they count for the day.
    public internal(set) var refused = 0
    /// Spent by others with the same application.
    public internal(set) var elsewhere = 0
}
