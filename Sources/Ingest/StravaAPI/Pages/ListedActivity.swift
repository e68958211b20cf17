import Core
import Foundation

/// One activity as a list page shows it.
public struct ListedActivity: Sendable {
    public let activityID: ActivityID
    public let startAt: Date
    /// The athlete that the element names; nil when it names none.
    public let owner: AthleteID?
    /// Entered by hand: it has no streams.
    public let manual: Bool
    /// Strava's id of the bike or the shoes: b or g and a number.
    public let gearID: String?
    /// The exact bytes of the element as sent.
    public let body: [UInt8]
    /// SHA-256 over the listed figures whose change means that the activity was edited (`ActivityFigures.content`). 32 bytes.
    public let fingerprint: [UInt8]
    /// SHA-256 over the listed figures whose change means that its streams changed (`ActivityFigures.streams`). 32 bytes.
    public let streamsFingerprint: [UInt8]

    init(element: [UInt8]) throws(RejectedElement.Reason) {
        let value = try Self.parse(element)
        activityID = try Self.id(value)
        startAt = try Self.start(value)
        owner = value["athlete"]?["id"]?.lenientInteger.map { AthleteID($0) }
        manual = value["manual"]?.lenientFlag ?? false
        gearID = value["gear_id"]?.text
        body = element
        fingerprint = ActivityFigures.content.fingerprint(of: value)
        streamsFingerprint = ActivityFigures.streams.fingerprint(of: value)
    }

    private static func parse(_ element: [UInt8]) throws(RejectedElement.Reason) -> JSONValue {
        guard element.count <= ActivityPage.elementBytesMax else { throw .tooLarge }
        let value: JSONValue
        do throws(JSONParser.Failure) {
            value = try JSONParser.parse(element)
        } catch {
            throw error == .tooDeep ? .tooDeep : .malformed
        }
        guard case .object = value else { throw .notAnObject }
        return value
    }

    private static func id(_ value: JSONValue) throws(RejectedElement.Reason) -> ActivityID {
        if value["id"]?.isIntegerBeyondInt64 == true { throw .integerBeyondInt64 }
        guard let id = value["id"], id != .null else { throw .idMissing }
        guard let number = id.lenientInteger else { throw .idUnreadable }
        return ActivityID(number)
    }

    private static func start(_ value: JSONValue) throws(RejectedElement.Reason) -> Date {
        guard let start = value["start_date"], start != .null else { throw .startDateMissing }
        guard let date = start.text.flatMap(Timestamp.iso8601) else { throw .startDateUnreadable }
        return date
    }
}
