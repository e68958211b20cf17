import Foundation

/// How long copies are kept.
public struct RetentionPolicy: Sendable, Equatable {
    /// Days that a copy of API data is kept after it was received; nil keeps it for ever.
    public var apiDays: Int?
    /// Days that the earlier version of a changed answer is kept after the change.
    public var versionDays: Int

    public static let versionDaysDefault = 90

    public init(apiDays: Int? = nil, versionDays: Int = RetentionPolicy.versionDaysDefault) {
        self.apiDays = apiDays
        self.versionDays = versionDays
    }

    private static let day_s: Double = 86_400

    func apiCutoff(now: Date) -> Date? { apiDays.map { now.addingTimeInterval(-Double($0) * Self.day_s) } }
    func versionCutoff(now: Date) -> Date { now.addingTimeInterval(-Double(versionDays) * Self.day_s) }
}

/// The counts of copies that a pass of the retention removed.
public struct RetentionReport: Sendable, Equatable {
    public internal(set) var activities = 0
    public internal(set) var answers = 0
    public internal(set) var versions = 0

    public init(activities: Int = 0, answers: Int = 0, versions: Int = 0) {
        self.activities = activities
        self.answers = answers
        self.versions = versions
    }

    public var isEmpty: Bool { self == RetentionReport() }

    static func += (sum: inout RetentionReport, more: RetentionReport) {
        sum.activities += more.activities
        sum.answers += more.answers
        sum.versions += more.versions
    }
}
