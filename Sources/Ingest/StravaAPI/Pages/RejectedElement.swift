import Core

/// An element of a list page that could not be taken.
public struct RejectedElement: Sendable {
    public enum Reason: String, Error, Sendable, CaseIterable {
        case tooLarge = "too_large"
        case tooDeep = "too_deep"
        case malformed
        case notAnObject = "not_an_object"
        case idMissing = "id_missing"
        /// An id that is no whole number.
        case idUnreadable = "id_unreadable"
        /// `id` has more digits than a 64-bit integer, which is what Strava documents.
        case integerBeyondInt64 = "integer_beyond_int64"
        /// It names another athlete than the one whose token was used.
        case otherAthlete = "other_athlete"
        case startDateMissing = "start_date_missing"
        case startDateUnreadable = "start_date_unreadable"
    }

    /// The element's place on the page, from 0.
    public let index: Int
    public let reason: Reason
    /// The id, when at least that could be read.
    public let activityID: ActivityID?
    /// The element as sent, cut at `bodyBytesMax`.
    public let body: [UInt8]

    public static let bodyBytesMax = 64 << 10

    init(index: Int, reason: Reason, element: [UInt8]) {
        self.index = index
        self.reason = reason
        let value = element.count <= ActivityPage.elementBytesMax ? try? JSONParser.parse(element) : nil
        activityID = value?["id"]?.lenientInteger.map { ActivityID($0) }
        body = Array(element.prefix(Self.bodyBytesMax))
    }
}
