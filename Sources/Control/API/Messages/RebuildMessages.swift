import Foundation

/// Body of `POST /v1/rebuild` and `POST /v1/athletes/{athlete_id}/rebuild`. `dry_run`: make the rows, compare, and roll back.
public struct RebuildRequest: Codable, Sendable, Equatable {
    public let dryRun: Bool

    public init(dryRun: Bool) { self.dryRun = dryRun }

    enum CodingKeys: String, CodingKey { case dryRun = "dry_run" }
}

/// `GET /v1/rebuild` and `GET /v1/athletes/{athlete_id}/rebuild`: progress of the rebuilds requested since a given time, and their changes,
/// summed over the athletes that are done.
public struct RebuildMessage: Codable, Sendable, Equatable {
    /// Numbers of rows in a table of silver. `changed`: rows whose content differs.
    public struct TableChange: Codable, Sendable, Equatable {
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

    /// A sum over silver; its name ends with its unit.
    public struct FigureChange: Codable, Sendable, Equatable {
        public let figure: String
        public let before: Double
        public let after: Double

        public init(figure: String, before: Double, after: Double) {
            self.figure = figure
            self.before = before
            self.after = after
        }
    }

    /// An athlete whose old rows were kept because the rebuild failed.
    public struct RebuildFailure: Codable, Sendable, Equatable {
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

    /// The most athletes in `errors`.
    public static let errorsMax = 50

    public let at: Date
    public let dryRun: Bool
    public let athletes: Int
    public let finished: Int
    public let failed: Int
    /// Activities rebuilt.
    public let activities: Int64
    public let tables: [TableChange]
    public let figures: [FigureChange]
    public let errors: [RebuildFailure]

    public init(
        at: Date, dryRun: Bool, athletes: Int, finished: Int, failed: Int, activities: Int64, tables: [TableChange],
        figures: [FigureChange],
        errors: [RebuildFailure]
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
