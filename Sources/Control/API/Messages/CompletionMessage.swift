import Foundation

/// When everything that is known to be missing will be here, if nobody new comes: of one athlete, or of all.
public struct CompletionMessage: Codable, Sendable, Equatable {
    /// Absent: nothing is missing, or it can't be said (`unknown_because`).
    public let completesAt: Date?
    /// Why it can't be said: `erasing`, `reconnect`, `everything_paused`, `paused`, `backing_off`, `list_not_read`, `quota_unknown`,
    /// `quota_taken` or `strava_unavailable`. Absent: it can.
    public let unknownBecause: String?
    /// The earliest it can be, by what is known; absent: nothing is known to be missing, or nothing at all can be said.
    public let notBefore: Date?
    /// Calls known to be missing.
    public let callsLeft: Int
    /// Athletes whose list is not fully read, so that their calls are not all counted.
    public let unreadLists: Int

    public init(completesAt: Date?, unknownBecause: String?, notBefore: Date?, callsLeft: Int, unreadLists: Int) {
        self.completesAt = completesAt
        self.unknownBecause = unknownBecause
        self.notBefore = notBefore
        self.callsLeft = callsLeft
        self.unreadLists = unreadLists
    }

    enum CodingKeys: String, CodingKey {
        case completesAt = "completes_at"
        case unknownBecause = "unknown_because"
        case notBefore = "not_before"
        case callsLeft = "calls_left"
        case unreadLists = "unread_lists"
    }
}

/// The database's size, and the room for it.
public struct DatabaseSizeMessage: Codable, Sendable, Equatable {
    /// All of the database's tables and indexes.
    public let bytes: Int64
    /// Mean growth in a day over the last week; negative: it shrank. Absent until it was measured for a day.
    public let growthPerDayBytes: Int64?
    /// Free bytes of the file system that holds the private cluster. Absent: the database is the operator's, whose disk can't be seen from here.
    public let diskFreeBytes: Int64?
    /// Whole size of that file system.
    public let diskBytes: Int64?

    public init(bytes: Int64, growthPerDayBytes: Int64?, diskFreeBytes: Int64?, diskBytes: Int64?) {
        self.bytes = bytes
        self.growthPerDayBytes = growthPerDayBytes
        self.diskFreeBytes = diskFreeBytes
        self.diskBytes = diskBytes
    }

    enum CodingKeys: String, CodingKey {
        case bytes
        case growthPerDayBytes = "growth_per_day_bytes"
        case diskFreeBytes = "disk_free_bytes"
        case diskBytes = "disk_bytes"
    }
}

/// Why no time of completion can be given, in words for people.
public enum UnknownBecause {
    /// - Parameters:
    ///   - word: the reason; one that is not known here is shown as it is, with control characters removed.
    ///   - lists: how many lists are not fully read, as a text; nil: one.
    /// - Returns: a clause without a capital and a full stop.
    public static func clause(_ word: String, lists: String?) -> String {
        if word == "list_not_read" {
            return lists.map { "\($0) activity lists are not fully read yet" } ?? "an activity list is not fully read yet"
        }
        return clauses[word] ?? PlainText.unknownWord(word)
    }

    private static let clauses = [
        "erasing": "the athlete is being erased",
        "reconnect": "the athlete must connect again first",
        "everything_paused": "all syncing is paused",
        "paused": "the athlete is paused",
        "backing_off": "the last turn failed",
        "quota_unknown": "the quota is not known",
        "quota_taken": "other programs use the application's whole quota",
        "strava_unavailable": "calls to Strava are stopped",
    ]
}
