import Foundation

/// `GET /v1/audit`: a page of requests that were to change something, the newest first.
public struct AuditMessage: Codable, Sendable, Equatable {
    /// The largest page.
    public static let pageMax = 1_000

    /// A request. It names no athlete who has been erased since.
    public struct RecordedRequest: Codable, Sendable, Equatable {
        public let auditID: Int64
        public let at: Date
        /// The account that asked, by number and name; it may have no name.
        public let userID: Int64
        public let user: String?
        /// The request, as `pause_athlete`; without one athlete `pause_all`.
        public let action: String
        public let athleteID: Int64?
        /// Without secrets and uids.
        public let parameters: [String: AuditValue]
        /// `begun` (in progress, or cut off by a crash), `done`, `refused` or `failed`.
        public let outcome: String
        /// Error code of what was refused or failed, or `interrupted`: the client disconnected.
        public let refusal: String?
        public let endedAt: Date?

        public init(
            auditID: Int64, at: Date, userID: Int64, user: String?, action: String, athleteID: Int64?, parameters: [String: AuditValue],
            outcome: String, refusal: String?, endedAt: Date?
        ) {
            self.auditID = auditID
            self.at = at
            self.userID = userID
            self.user = user
            self.action = action
            self.athleteID = athleteID
            self.parameters = parameters
            self.outcome = outcome
            self.refusal = refusal
            self.endedAt = endedAt
        }

        enum CodingKeys: String, CodingKey {
            case at, user, action, parameters, outcome, refusal
            case auditID = "audit_id"
            case userID = "user_id"
            case athleteID = "athlete_id"
            case endedAt = "ended_at"
        }
    }

    public let requests: [RecordedRequest]
    /// The value of `before` for the next page; absent: this is the last one.
    public let nextBefore: Int64?

    public init(requests: [RecordedRequest], nextBefore: Int64?) {
        self.requests = requests
        self.nextBefore = nextBefore
    }

    enum CodingKeys: String, CodingKey {
        case requests
        case nextBefore = "next_before"
    }
}

/// The value of a recorded parameter: a switch, a number, a text or a list of texts.
public enum AuditValue: Codable, Sendable, Equatable, CustomStringConvertible {
    case flag(Bool)
    case whole(Int64)
    case number(Double)
    case text(String)
    case list([String])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .whole(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else {
            self = .list(try container.decode([String].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .flag(let value): try container.encode(value)
        case .whole(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }

    public var description: String {
        switch self {
        case .flag(let value): "\(value)"
        case .whole(let value): "\(value)"
        case .number(let value): "\(value)"
        case .text(let value): value
        case .list(let values): values.joined(separator: ",")
        }
    }
}
