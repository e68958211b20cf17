/// How many activities, or athletes, do not pass a check of data quality; `silver.quality_check` in the database says what is measured.
public struct QualityCount: Codable, Sendable, Equatable {
    public let check: String
    public let activities: Int

    public init(check: String, activities: Int) {
        self.check = check
        self.activities = activities
    }
}
