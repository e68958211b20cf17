/// `POST /v1/athletes/import`: what became of the lines. No token is ever in it.
public struct ImportReport: Codable, Sendable, Equatable {
    /// How many bad lines are named at most; `bad` counts them all.
    public static let badLinesMax = 1_000

    /// A line that was not taken. Lines count from 1.
    public struct BadLine: Codable, Sendable, Equatable {
        public let line: Int
        public let reason: String

        public init(line: Int, reason: String) {
            self.line = line
            self.reason = reason
        }
    }

    /// Athletes that were not known before.
    public let added: Int
    /// Athletes that were known; their tokens and scope are replaced.
    public let updated: Int
    public let bad: Int
    public let badLines: [BadLine]

    public init(added: Int, updated: Int, bad: Int, badLines: [BadLine]) {
        self.added = added
        self.updated = updated
        self.bad = bad
        self.badLines = badLines
    }

    enum CodingKeys: String, CodingKey {
        case added, updated, bad
        case badLines = "bad_lines"
    }
}
