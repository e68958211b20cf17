import Core
import Foundation

/// A webhook event (docs/strava-api.md 4). It is not signed: it says where to look, never what is true.
///
/// So it is read leniently: the owner is required, as a number or as a string; everything else has a default.
public struct StravaEvent: Sendable, Equatable {
    /// What the body of a request to the callback is.
    public enum Reading: Sendable, Equatable {
        case event(StravaEvent)
        /// A JSON object that names no athlete, so it is no hint where to look.
        case noHint
        /// Nothing that Strava would send.
        case malformed
    }

    /// `activity` or `athlete`; others are kept as sent.
    public let objectType: String
    public let objectID: Int64
    /// `create`, `update` or `delete`; others are kept as sent.
    public let aspectType: String
    public let owner: AthleteID
    public let eventAt: Date
    /// What changed, as a JSON object.
    public let updates: String

    /// Whether it says that the athlete has revoked the application's access (docs/strava-api.md 4).
    public var isDeauthorization: Bool {
        objectType == "athlete" && (try? JSONValue(parsing: Array(updates.utf8)))?["authorized"]?.lenientFlag == false
    }

    public init(objectType: String, objectID: Int64, aspectType: String, owner: AthleteID, eventAt: Date, updates: String = "{}") {
        self.objectType = objectType
        self.objectID = objectID
        self.aspectType = aspectType
        self.owner = owner
        self.eventAt = eventAt
        self.updates = updates
    }

    /// Reads the body of a request to the callback.
    /// - Parameter receivedAt: used when the event's time is missing or impossible.
    public static func read(_ body: [UInt8], receivedAt: Date) -> Reading {
        let fields: JSONValue
        do { fields = try JSONValue(parsing: repaired(body)) } catch {
            return error == .tooDeep ? .noHint : .malformed
        }
        guard case .object = fields else { return .malformed }
        return StravaEvent(fields, receivedAt: receivedAt).map { .event($0) } ?? .noHint
    }

    /// Nil when it names no athlete. Without a readable object, the athlete is looked at all the same.
    private init?(_ fields: JSONValue, receivedAt: Date) {
        let object = fields["object_id"]?.lenientInteger
        let type = Self.name(fields["object_type"])
        guard let owner = fields["owner_id"]?.lenientInteger ?? (type == "athlete" ? object : nil) else { return nil }
        let eventSecond = fields["event_time"]?.lenientInteger.flatMap { Self.eventSeconds.contains($0) ? Double($0) : nil }
        self.init(
            objectType: object == nil ? Self.unknown : type, objectID: object ?? 0, aspectType: Self.name(fields["aspect_type"]),
            owner: AthleteID(owner), eventAt: eventSecond.map { Date(timeIntervalSince1970: $0) } ?? receivedAt,
            updates: Self.object(fields["updates"]))
    }

    private static let unknown = "unknown"

    private static let nameLengthMax = 40
    /// 1970 to 2200: times beyond may not be representable.
    private static let eventSeconds: ClosedRange<Int64> = 0...7_258_118_400
    /// jsonb accepts long numbers, but not numbers of any magnitude.
    private static let numberLengthMax = 40

    /// Replaces invalid UTF-8 by U+FFFD and control characters by blanks, which JSON allows between tokens and in strings.
    private static func repaired(_ body: [UInt8]) -> [UInt8] {
        if body.allSatisfy({ (0x20..<0x80).contains($0) }) { return body }
        return String(decoding: body, as: UTF8.self).utf8.map { $0 < 0x20 ? 0x20 : $0 }
    }

    private static func name(_ value: JSONValue?) -> String {
        let name =
            switch value {
            case nil, .null: ""
            case .bool(let flag): "\(flag)"
            case .number(let digits): digits
            case .text(let text): storable(text)
            case .list, .object: unknown
            }
        return name.isEmpty ? unknown : String(name.prefix(nameLengthMax))
    }

    /// `updates` as a JSON object that PostgreSQL can store; an empty one for anything else.
    private static func object(_ value: JSONValue?) -> String {
        guard let value, case .object = value else { return "{}" }
        return storable(value).json
    }

    /// Numbers that jsonb refuses become strings.
    private static func storable(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool: value
        case .number(let digits): digits.count <= numberLengthMax && (Double(digits)?.isFinite ?? false) ? value : .text(digits)
        case .text(let text): .text(storable(text))
        case .list(let values): .list(values.map(storable))
        case .object(let members): .object(Dictionary(members.map { (storable($0.key), storable($0.value)) }) { first, _ in first })
        }
    }

    /// PostgreSQL's text has no U+0000.
    private static func storable(_ text: String) -> String { text.replacing("\0", with: "\u{FFFD}") }
}
