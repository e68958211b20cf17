import Core
import Digest
import Foundation

/// A page of the activity list, split into elements: their exact bytes, and of their content only what the walk needs. An element that can't
/// be read is rejected with its reason; the others are not affected.
public struct ActivityPage: Sendable {
    public let activities: [ListedActivity]
    public let rejected: [RejectedElement]
    /// How many elements Strava sent; the walk ends at a page with none.
    public let elementCount: Int
    /// How many of them name another athlete than the one whose token was used.
    public let foreignCount: Int
    /// How many of them name this athlete.
    public let ownCount: Int

    /// A summary has 1 to 3 kB.
    fileprivate static let elementBytesMax = 1 << 20

    /// - Parameter athlete: the athlete whose token was used; an element that names another one is rejected. Nil: any athlete.
    /// - Throws: `StravaError` with `unreadable` when the body is not a JSON array.
    public init(body: [UInt8], athlete: AthleteID? = nil) throws {
        guard let ranges = try? ArrayCutter.cut(body) else { throw StravaError(code: .unreadable, endpoint: "activities") }
        var activities: [ListedActivity] = []
        var rejected: [RejectedElement] = []
        for (index, range) in ranges.enumerated() {
            let element = Array(body[range])
            do throws(RejectedElement.Reason) {
                let activity = try ListedActivity(element: element)
                if let athlete, let owner = activity.owner, owner != athlete { throw .otherAthlete }
                activities.append(activity)
            } catch {
                rejected.append(RejectedElement(index: index, reason: error, element: element))
            }
        }
        self.activities = activities
        self.rejected = rejected
        elementCount = ranges.count
        foreignCount = rejected.count { $0.reason == .otherAthlete }
        ownCount = activities.count { $0.owner != nil }
    }
}

/// One activity of a list page.
public struct ListedActivity: Sendable {
    public let activityID: ActivityID
    public let startAt: Date
    /// The athlete named by the element; nil when it names none.
    public let owner: AthleteID?
    /// Entered by hand, so it has no streams.
    public let manual: Bool
    /// Strava's id of the bike or the shoes: b or g and a number.
    public let gearID: String?
    /// The exact bytes of the element as sent.
    public let body: [UInt8]
    /// SHA-256, 32 bytes, over the listed figures whose change means that the activity was edited (`ActivityFigures`).
    public let fingerprint: [UInt8]

    init(element: [UInt8]) throws(RejectedElement.Reason) {
        let value = try Self.parse(element)
        activityID = try Self.id(value)
        startAt = try Self.start(value)
        owner = value["athlete"]?["id"]?.lenientInteger.map { AthleteID($0) }
        manual = value["manual"]?.lenientFlag ?? false
        gearID = value["gear_id"]?.text
        body = element
        fingerprint = ActivityFigures.fingerprint(of: value)
    }

    private static func parse(_ element: [UInt8]) throws(RejectedElement.Reason) -> JSONValue {
        guard element.count <= ActivityPage.elementBytesMax else { throw .tooLarge }
        let value: JSONValue
        do throws(JSONValue.Failure) {
            value = try JSONValue(parsing: element)
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

/// An element of a list page that can't be used.
public struct RejectedElement: Sendable {
    public enum Reason: String, Error, Sendable, CaseIterable {
        case tooLarge = "too_large"
        case tooDeep = "too_deep"
        case malformed
        case notAnObject = "not_an_object"
        case idMissing = "id_missing"
        /// The id is not a whole number.
        case idUnreadable = "id_unreadable"
        /// The id exceeds the 64-bit integer that Strava documents.
        case integerBeyondInt64 = "integer_beyond_int64"
        /// It names another athlete than the one whose token was used.
        case otherAthlete = "other_athlete"
        case startDateMissing = "start_date_missing"
        case startDateUnreadable = "start_date_unreadable"
    }

    /// The element's place on the page, from 0.
    public let index: Int
    public let reason: Reason
    /// The id, if it could be read.
    public let activityID: ActivityID?
    /// The element as sent, truncated to `bodyBytesMax`.
    public let body: [UInt8]

    public static let bodyBytesMax = 64 << 10

    init(index: Int, reason: Reason, element: [UInt8]) {
        self.index = index
        self.reason = reason
        let value = element.count <= ActivityPage.elementBytesMax ? try? JSONValue(parsing: element) : nil
        activityID = value?["id"]?.lenientInteger.map { ActivityID($0) }
        body = Array(element.prefix(Self.bodyBytesMax))
    }
}

/// The listed figures of an activity that change only when it is edited, cropped or corrected, and a fingerprint over them.
///
/// Strava marks no edit (there is no `updated_at`), so walks and looks compare fingerprints. What others do to an activity (kudos, comments,
/// photos, achievements) is excluded, or every kudo would cost two calls. The order of keys, `0` or `0.0`, a missing key, `null` or an empty
/// string make no difference: Strava's answers vary in all of these.
private enum ActivityFigures {
    private static let keys = [
        "start_date", "elapsed_time", "moving_time", "distance", "total_elevation_gain", "has_heartrate", "average_speed", "max_speed",
        "average_heartrate", "max_heartrate", "average_cadence", "average_watts", "max_watts", "weighted_average_watts", "average_temp",
        "elev_high", "elev_low", "start_date_local", "type", "sport_type", "name", "private", "visibility", "gear_id", "trainer",
        "commute", "device_name", "flagged", "workout_type",
    ]

    /// 32 bytes. The text that is hashed must never change, or every activity looks edited; the version at its start says when it did.
    static func fingerprint(of activity: JSONValue) -> [UInt8] {
        var text = "activity-figures-1\n"
        for key in keys { text += "\(key)=\(canonical(activity[key]))\n" }
        text += "map.summary_polyline=\(canonical(activity["map"]?["summary_polyline"]))\n"
        return SHA256.digest(of: Array(text.utf8))
    }

    /// Strings are preceded by their length, so that none can pass for another figure.
    private static func canonical(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null, .text(""): "-"
        case .bool(let flag): flag ? "true" : "false"
        case .text(let text): "\(text.utf8.count):\(text)"
        case .number(let digits): number(digits)
        case .list, .object: "?"
        }
    }

    private static func number(_ digits: String) -> String {
        guard let value = Double(digits), value.isFinite else { return digits }
        return Int64(exactly: value).map { String($0) } ?? value.description
    }
}

/// Finds where each element of a top-level JSON array begins and ends, by quotes, escapes and brackets only. Elements are not parsed, because
/// their exact bytes are kept, and because simdjson reads nothing after an element that is malformed.
struct ArrayCutter {
    enum Failure: Error { case notAnArray, unterminated, trailingBytes, tooManyElements }

    /// A page has at most 200 elements (docs/strava-api.md 3.2); with more than five times that it is not a page of Strava's.
    private static let elementsMax = 1_000

    private let bytes: [UInt8]
    private var position: Int
    private var ranges: [Range<Int>] = []

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = ByteOrderMark.end(in: bytes)
    }

    /// The elements' ranges, without surrounding blanks.
    static func cut(_ bytes: [UInt8]) throws(Failure) -> [Range<Int>] {
        var cutter = ArrayCutter(bytes)
        try cutter.array()
        return cutter.ranges
    }

    private mutating func array() throws(Failure) {
        skipBlanks()
        guard next() == UInt8(ascii: "[") else { throw .notAnArray }
        skipBlanks()
        if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
            position += 1
        } else {
            while try element() {}
        }
        skipBlanks()
        guard position == bytes.count else { throw .trailingBytes }
    }

    /// Skips one element and the comma or bracket after it. False: the array has ended.
    private mutating func element() throws(Failure) -> Bool {
        skipBlanks()
        let start = position
        var depth = 0
        while let byte = next() {
            switch byte {
            case UInt8(ascii: "\""): skipString()
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "]") where depth > 0: depth -= 1
            case UInt8(ascii: "]"):
                try keep(start..<position - 1)
                return false
            case UInt8(ascii: ",") where depth == 0:
                try keep(start..<position - 1)
                return true
            default: break
            }
            guard depth >= 0 else { throw .unterminated }
        }
        throw .unterminated
    }

    private mutating func keep(_ range: Range<Int>) throws(Failure) {
        guard ranges.count < Self.elementsMax else { throw .tooManyElements }
        var end = range.upperBound
        while end > range.lowerBound, Self.isBlank(bytes[end - 1]) { end -= 1 }
        ranges.append(range.lowerBound..<end)
    }

    /// From after the opening quote to after the closing one.
    private mutating func skipString() {
        while let byte = next(), byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") { position += 1 }
        }
    }

    private mutating func next() -> UInt8? {
        guard position < bytes.count else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func skipBlanks() {
        while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
}

/// A byte order mark before JSON, which a reader may ignore (RFC 8259, 8.1).
enum ByteOrderMark {
    /// Where the text after it begins.
    static func end(in bytes: [UInt8]) -> Int { bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0 }
}
