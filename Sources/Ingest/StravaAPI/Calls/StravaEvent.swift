import Core
import Foundation

/// An event of a push subscription (docs/strava-api.md 4). It is not signed: it says where to look, never what is true.
///
/// So it is read leniently: whose it is and which object it is about must be there, as numbers or as texts; all else has a substitute.
public struct StravaEvent: Sendable, Equatable {
    /// `activity` or `athlete`; others are kept as sent.
    public let objectType: String
    public let objectID: Int64
    /// `create`, `update` or `delete`; others are kept as sent.
    public let aspectType: String
    public let owner: AthleteID
    public let eventAt: Date
    /// What changed, as a JSON object.
    public let updates: String

    public init(objectType: String, objectID: Int64, aspectType: String, owner: AthleteID, eventAt: Date, updates: String = "{}") {
        self.objectType = objectType
        self.objectID = objectID
        self.aspectType = aspectType
        self.owner = owner
        self.eventAt = eventAt
        self.updates = updates
    }

    /// Reads the body of an event; nil when it is none.
    /// - Parameter receivedAt: stands for a time that is missing or can't be one.
    public init?(body: [UInt8], receivedAt: Date) {
        guard let fields = try? JSONParser.parse(Self.mended(body)), let owner = Self.integer(fields["owner_id"]),
            let object = Self.integer(fields["object_id"])
        else { return nil }
        let eventSecond = Self.integer(fields["event_time"]).flatMap { Self.eventSeconds.contains($0) ? Double($0) : nil }
        self.init(
            objectType: Self.name(fields["object_type"]), objectID: object, aspectType: Self.name(fields["aspect_type"]),
            owner: AthleteID(owner), eventAt: eventSecond.map { Date(timeIntervalSince1970: $0) } ?? receivedAt,
            updates: Self.object(fields["updates"]))
    }

    // MARK: Parts

    private static let nameLengthMax = 40
    /// 1970 to 2200: beyond it PostgreSQL's or our own calendar may end.
    private static let eventSeconds: ClosedRange<Int64> = 0...7_258_118_400
    /// PostgreSQL's jsonb takes numbers of any length, but not of any size.
    private static let numberLengthMax = 40

    /// Bytes that are no UTF-8 become U+FFFD, and control characters blanks, which JSON allows between its parts and in texts.
    private static func mended(_ body: [UInt8]) -> [UInt8] {
        String(decoding: body, as: UTF8.self).utf8.map { $0 < 0x20 ? 0x20 : $0 }
    }

    private static func integer(_ value: JSONValue?) -> Int64? {
        guard let value else { return nil }
        if let text = value.text { return Int64(text.filter { $0 != " " }) }
        return value.integer
    }

    private static func name(_ value: JSONValue?) -> String {
        let name = value.map(plain) ?? ""
        return name.isEmpty ? "unknown" : String(name.prefix(nameLengthMax))
    }

    /// A value as text that PostgreSQL can keep: it has no U+0000.
    private static func plain(_ value: JSONValue) -> String {
        switch value {
        case .null: ""
        case .bool(let flag): "\(flag)"
        case .number(let digits): digits
        case .text(let text): text.replacing("\0", with: "\u{FFFD}")
        case .list, .object: "unknown"
        }
    }

    /// What changed as the text of a JSON object; of anything else, and of what is too deep to be sensible, an empty one.
    private static func object(_ value: JSONValue?) -> String {
        guard let value, case .object = value else { return "{}" }
        return json(value)
    }

    private static func json(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .number(let digits) where digits.count <= numberLengthMax && (Double(digits)?.isFinite ?? false): digits
        case .number(let digits): quoted(digits)
        case .text: quoted(plain(value))
        case .list(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.sorted { $0.key < $1.key }.map { quoted(plain(.text($0.key))) + ":" + json($0.value) }.joined(separator: ",")
                + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\0"..<" ":
                "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count) + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
