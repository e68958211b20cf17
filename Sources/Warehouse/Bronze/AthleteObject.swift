import Core
import Foundation

/// Something of the athlete's own that belongs to no single activity and is fetched by itself (`sync.athlete_object`).
public struct AthleteObject: Sendable, Hashable {
    public enum Kind: String, CaseIterable, Sendable {
        case profile
        case zones = "athlete_zones"
        case gear
    }

    public let kind: Kind
    /// Strava's id of the gear; empty for the others.
    public let name: String

    public static let profile = AthleteObject(kind: .profile, name: "")
    public static let zones = AthleteObject(kind: .zones, name: "")

    /// A bike (b and a number) or a pair of shoes (g and a number); nil for anything else.
    public static func gear(_ id: String) -> AthleteObject? {
        gearNumber(id) == nil ? nil : AthleteObject(kind: .gear, name: id)
    }

    init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    /// As the ledger keeps it; nil when this version knows no such thing.
    public init?(endpoint: String, object: String) {
        guard let kind = Kind(rawValue: endpoint), kind != .gear || Self.gearNumber(object) != nil else { return nil }
        self.init(kind: kind, name: object)
    }

    public var endpoint: BronzeEndpoint {
        switch kind {
        case .profile: .athlete
        case .zones: .athleteZones
        case .gear: .gear
        }
    }

    /// Its number in bronze: bikes and shoes are counted apart at Strava, so shoes get the negative one.
    public func answerID(_ athlete: AthleteID) -> Int64 {
        kind == .gear ? Self.gearNumber(name) ?? 0 : athlete.rawValue
    }

    private static func gearNumber(_ id: String) -> Int64? {
        let digits = id.utf8.dropFirst()
        guard (1...18).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int64(id.dropFirst()) else {
            return nil
        }
        switch id.utf8.first {
        case UInt8(ascii: "b"): return number
        case UInt8(ascii: "g"): return -number
        default: return nil
        }
    }
}

/// A new state of one of the athlete's own objects.
public struct ObjectChange: Sendable {
    public let object: AthleteObject
    public let state: CompletenessState
    public let reason: String?
    public let nextTryAt: Date?

    public init(_ object: AthleteObject, _ state: CompletenessState, reason: String? = nil, nextTryAt: Date? = nil) {
        self.object = object
        self.state = state
        self.reason = reason
        self.nextTryAt = nextTryAt
    }
}

/// A list named an activity with this gear. Gear that the ledger does not know gets its row, pending.
public struct GearUse: Sendable {
    public let gear: AthleteObject
    /// Start of the activity.
    public let startAt: Date

    public init(gear: AthleteObject, startAt: Date) {
        self.gear = gear
        self.startAt = startAt
    }
}
