import Foundation

/// The first line of the body of `POST /v1/athletes/import/predecessor`; the documents follow.
public struct PredecessorKeyMessage: Codable, Sendable {
    /// The key with which the predecessor sealed the tokens, as a text. A secret.
    public let key: String

    public init(key: String) { self.key = key }
}

/// Response of `POST /v1/athletes/import` and `POST /v1/athletes/import/predecessor`: the result of each line. It never contains a token.
public struct ImportReport: Codable, Sendable, Equatable {
    /// The most lines of one kind in a report; `bad`, `kept` and `moved` count all.
    public static let linesMax = 1_000

    /// A rejected line. Lines, and the predecessor's documents, are numbered from 1.
    public struct BadLine: Codable, Sendable, Equatable {
        public let line: Int
        public let reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    /// A line whose grant was ignored because the stored one expires later.
    public struct KeptLine: Codable, Sendable, Equatable {
        public let line: Int
        public let athleteID: Int64
        /// When the stored access token expires.
        public let expiresAt: Date

        public init(line: Int, athleteID: Int64, expiresAt: Date) {
            self.line = line
            self.athleteID = athleteID
            self.expiresAt = expiresAt
        }

        enum CodingKeys: String, CodingKey {
            case line
            case athleteID = "athlete_id"
            case expiresAt = "expires_at"
        }
    }

    /// An athlete whose uid a line changed: the line's own athlete, or the one that had the line's uid before.
    public struct MovedUID: Codable, Sendable, Equatable {
        public let line: Int
        public let athleteID: Int64
        public let from: String
        /// Absent: the athlete has no uid any more.
        public let to: String?

        public init(line: Int, athleteID: Int64, from: String, to: String?) {
            self.line = line
            self.athleteID = athleteID
            self.from = from
            self.to = to
        }

        enum CodingKeys: String, CodingKey {
            case line, from, to
            case athleteID = "athlete_id"
        }
    }

    /// New athletes.
    public var added = 0
    /// Known athletes whose tokens and scope were replaced, or whose uid was changed by a line without tokens.
    public var updated = 0
    /// Known athletes whose stored grant was kept.
    public private(set) var kept = 0
    public private(set) var moved = 0
    public private(set) var bad = 0
    public private(set) var keptLines: [KeptLine] = []
    public private(set) var movedUIDs: [MovedUID] = []
    public private(set) var badLines: [BadLine] = []

    public init() {}

    public mutating func noteBad(_ line: Int, _ reason: String) {
        bad += 1
        if badLines.count < Self.linesMax { badLines.append(BadLine(line: line, reason: reason)) }
    }

    public mutating func noteKept(_ line: KeptLine) {
        kept += 1
        if keptLines.count < Self.linesMax { keptLines.append(line) }
    }

    public mutating func noteMoved(_ uid: MovedUID) {
        moved += 1
        if movedUIDs.count < Self.linesMax { movedUIDs.append(uid) }
    }

    enum CodingKeys: String, CodingKey {
        case added, updated, kept, moved, bad
        case keptLines = "kept_lines"
        case movedUIDs = "moved_uids"
        case badLines = "bad_lines"
    }
}
