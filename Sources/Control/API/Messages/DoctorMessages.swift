import Foundation

/// `GET /v1/doctor`: whether each part of the running service works, and what to do where one does not.
public struct DoctorMessage: Codable, Sendable, Equatable {
    /// How a part is.
    public enum Level: String, Codable, Sendable {
        case ok
        /// The service works, and a person should do something.
        case warn
        /// The part does not work.
        case fail
        /// How the part is can't be seen while the database does not answer.
        case unseen
    }

    /// One part.
    public struct Check: Codable, Sendable, Equatable {
        /// `database`, `disk`, `keyring`, `own_data`, `clock`, `strava`, `quota`, `webhook`, `silver`, `syncing`, `athletes`,
        /// `backup`, `notices` or another word.
        public let part: String
        public let level: Level
        /// A sentence for a person.
        public let summary: String
        /// What to do; absent: nothing.
        public let advice: String?

        public init(part: String, level: Level, summary: String, advice: String? = nil) {
            self.part = part
            self.level = level
            self.summary = summary
            self.advice = advice
        }
    }

    public let at: Date
    /// Nothing needs a person: all parts are `ok`.
    public let healthy: Bool
    public let checks: [Check]

    public init(at: Date, checks: [Check]) {
        self.at = at
        self.checks = checks
        healthy = checks.allSatisfy { $0.level == .ok }
    }
}
