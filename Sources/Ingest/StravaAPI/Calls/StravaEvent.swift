import Core
import Foundation

/// An event of a push subscription (STRAVA_API.md 4). It is not signed: it says where to look, never what is true.
public struct StravaEvent: Sendable, Equatable {
    /// `activity` or `athlete`; others are kept as sent.
    public let objectType: String
    public let objectID: Int64
    /// `create`, `update` or `delete`.
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
    public init?(body: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(body)), fields.objectType.utf8.count <= Self.nameBytesMax,
            fields.aspectType.utf8.count <= Self.nameBytesMax, Self.eventSeconds.contains(fields.eventTime),
            let updates = try? JSONEncoder().encode(fields.updates ?? [:])
        else { return nil }
        self.init(
            objectType: fields.objectType, objectID: fields.objectID, aspectType: fields.aspectType, owner: AthleteID(fields.ownerID),
            eventAt: Date(timeIntervalSince1970: Double(fields.eventTime)), updates: String(decoding: updates, as: UTF8.self))
    }

    private static let nameBytesMax = 40
    /// 1970 to 2200: beyond it PostgreSQL's or our own calendar may end.
    private static let eventSeconds: ClosedRange<Int64> = 0...7_258_118_400

    private struct Fields: Decodable {
        let objectType: String
        let objectID: Int64
        let aspectType: String
        let ownerID: Int64
        let eventTime: Int64
        let updates: [String: String]?

        enum CodingKeys: String, CodingKey {
            case updates
            case objectType = "object_type"
            case objectID = "object_id"
            case aspectType = "aspect_type"
            case ownerID = "owner_id"
            case eventTime = "event_time"
        }
    }
}
