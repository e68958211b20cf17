import Foundation

/// Body of `POST /v1/rebuild` and `POST /v1/athletes/{athlete_id}/rebuild`. `dry_run`: make the rows, compare, and throw them away.
public struct RebuildRequest: Codable, Sendable, Equatable {
    public let dryRun: Bool

    public init(dryRun: Bool) { self.dryRun = dryRun }

    enum CodingKeys: String, CodingKey { case dryRun = "dry_run" }
}

/// `GET /v1/rebuild` and `GET /v1/athletes/{athlete_id}/rebuild`: how far the rebuilds are that were asked for since a time, and what
/// they changed, summed over the athletes that are through.
public struct RebuildMessage: Codable, Sendable, Equatable {
    /// A table of silver: its rows before and after. `changed` rows are those whose content differs.
    public struct Table: Codable, Sendable, Equatable {
        public let table: String
        public let before: Int64
        public let after: Int64
        public let added: Int64
        public let changed: Int64
        public let removed: Int64

        public init(table: String, before: Int64, after: Int64, added: Int64, changed: Int64, removed: Int64) {
            self.table = table
            self.before = before
            self.after = after
            self.added = added
            self.changed = changed
            self.removed = removed
        }
    }

    /// A sum over silver, named with its unit.
    public struct Figure: Codable, Sendable, Equatable {
        public let figure: String
        public let before: Double
        public let after: Double

        public init(figure: String, before: Double, after: Double) {
            self.figure = figure
            self.before = before
            self.after = after
        }
    }

    /// An athlete whose rows of before were kept, and why.
    public struct Failed: Codable, Sendable, Equatable {
        public let athleteID: Int64
        public let error: String

        public init(athleteID: Int64, error: String) {
            self.athleteID = athleteID
            self.error = error
        }

        enum CodingKeys: String, CodingKey {
            case error
            case athleteID = "athlete_id"
        }
    }

    /// The most athletes that `errors` names.
    public static let errorsMax = 50

    public let at: Date
    public let dryRun: Bool
    public let athletes: Int
    public let finished: Int
    public let failed: Int
    /// Activities that were made anew.
    public let activities: Int64
    public let tables: [Table]
    public let figures: [Figure]
    public let errors: [Failed]

    public init(
        at: Date, dryRun: Bool, athletes: Int, finished: Int, failed: Int, activities: Int64, tables: [Table], figures: [Figure],
        errors: [Failed]
    ) {
        self.at = at
        self.dryRun = dryRun
        self.athletes = athletes
        self.finished = finished
        self.failed = failed
        self.activities = activities
        self.tables = tables
        self.figures = figures
        self.errors = errors
    }

    enum CodingKeys: String, CodingKey {
        case at, athletes, finished, failed, activities, tables, figures, errors
        case dryRun = "dry_run"
    }
}
