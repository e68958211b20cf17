import Foundation

/// Body of `POST /v1/admin_link`.
public struct AdminLinkRequest: Codable, Sendable, Equatable {
    /// How long a session may last, in seconds: a minute to a month.
    public static let forRange_s = 60...30 * 86_400

    /// How long the session lasts once the link is used, in seconds; absent: twelve hours.
    public let forS: Int?

    public init(forS: Int?) { self.forS = forS }

    enum CodingKeys: String, CodingKey {
        case forS = "for_s"
    }
}

/// Body of `POST /v1/athletes/{athlete_id}/link`.
public struct AthleteLinkRequest: Codable, Sendable, Equatable {
    /// How long a session may last, in days.
    public static let daysRange = 1...365

    /// How long the session lasts once the link is used, in days; absent: thirty.
    public let days: Int?

    public init(days: Int?) { self.days = days }
}

/// Response of `POST /v1/admin_link` and `POST /v1/athletes/{athlete_id}/link`: a link that begins a session in the browser that uses it first,
/// once. Who has it can do what the session can.
public struct PageLinkMessage: Codable, Sendable, Equatable {
    public let url: String
    /// Until when the link may be used.
    public let expiresAt: Date
    /// How long the session lasts then, in seconds.
    public let lastsS: Int

    public init(url: String, expiresAt: Date, lastsS: Int) {
        self.url = url
        self.expiresAt = expiresAt
        self.lastsS = lastsS
    }

    enum CodingKeys: String, CodingKey {
        case url
        case expiresAt = "expires_at"
        case lastsS = "lasts_s"
    }
}
