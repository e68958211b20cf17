import Foundation

/// `GET /v1/values`: values that an argument may have, for a shell's completion, in their order.
public struct ValuesMessage: Codable, Sendable, Equatable {
    /// What the values are.
    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Strava's numbers of the athletes.
        case athletes
        /// The application's own names for them.
        case uids
        /// Tables and views of silver that can be exported.
        case tables
        /// Strava's names of streams.
        case streams
        /// Numbers of the API tokens that work.
        case tokens
        /// What is in the quarantine: of all athletes or one, with any endpoint or one.
        case quarantineReasons = "quarantine_reasons"
        case quarantineEndpoints = "quarantine_endpoints"
        case quarantineObjects = "quarantine_objects"
    }

    /// The most values in a message.
    public static let countMax = 200
    /// The longest beginning, in bytes: that of a uid.
    public static let prefixBytesMax = 128

    public let of: Kind
    public let values: [String]

    public init(of: Kind, values: [String]) {
        self.of = of
        self.values = values
    }
}

/// `GET /v1/version`: what runs. It is answered whatever state the database is in.
public struct VersionMessage: Codable, Sendable, Equatable {
    public let version: String
    public let startedAt: Date

    public init(version: String, startedAt: Date) {
        self.version = version
        self.startedAt = startedAt
    }

    enum CodingKeys: String, CodingKey {
        case version
        case startedAt = "started_at"
    }
}
