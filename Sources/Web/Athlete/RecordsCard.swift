import Database
import Foundation

/// Of what time the records are.
enum RecordSpan: String, PageChoice {
    case all, season

    static let name = "records"
    static let standard = RecordSpan.all

    var title: String { self == .all ? "All time" : "Season" }
}

/// The athlete's best efforts, with the day of each.
struct RecordsCard: Sendable {
    struct Record: Sendable {
        let effort: String
        let best: String
        /// Where it was; nil: in no one activity.
        let href: String?
        let day: String
        /// Within the last 28 days.
        let isNew: Bool
    }

    private static let powerRungs_s: [Double] = [5, 60, 300, 1_200, 3_600]
    private static let runRungs_m: [Double] = [1_000, 5_000, 10_000, 21_097.5, 42_195]
    private static let newDays = 28

    let periods: [PageLink]
    let records: [Record]
    let none: EmptyState?
    let source: String

    static func read(_ page: PageContext, _ connection: Connection) async throws -> RecordsCard {
        let span = page.query.choice(RecordSpan.self)
        let from = span == .all ? "-infinity" : page.facts.today.yearStart.iso
        var records: [Record] = []
        for (metric, sport) in [("power", "ride"), ("pace", "run")] {
            let rows = try await connection.query(
                """
                SELECT CASE WHEN \(metric) = 'pace' THEN (silver.effort_distances_m())[rung]
                    ELSE (silver.effort_durations_s())[rung]::float8 END, value, activity_id, start_date_local
                FROM silver.best_efforts_between(
                    \(page.facts.athlete), \(AthleteFacts.source)::smallint, \(metric), \(from)::text::timestamp, 'infinity', \(sport))
                ORDER BY rung
                """)
            records += try rows.compactMap { try effort($0, metric, page) }
        }
        records += try await longest(page, from, connection)
        if span == .all { records += try await eddington(page, connection) }
        return RecordsCard(page, span, records)
    }

    private init(_ page: PageContext, _ span: RecordSpan, _ records: [Record]) {
        periods = page.links(RecordSpan.self, card: "records")
        self.records = records
        source = "Best efforts from the series of your activities, pauses included; " + (span == .all ? "all time" : "since 1 January")
        none =
            records.isEmpty
            ? EmptyState(
                page.facts.historyIsComplete ? .nothing : .clock, "No record yet",
                "Records come from recorded rides with a power meter and from recorded runs.") : nil
    }

    private static func effort(_ row: Row, _ metric: String, _ page: PageContext) throws -> Record? {
        let (rung, value, activity, start) = try row.decode(Double.self, Double.self, Int64.self, Date.self)
        guard (metric == "pace" ? runRungs_m : powerRungs_s).contains(rung) else { return nil }
        let best = metric == "pace" ? Figures.time(value) : Figures.power(value)
        let name = metric == "pace" ? EffortNames.distance(rung) + " run" : Figures.duration(rung) + " power"
        return record(name, best, activity, LocalDay(start), page)
    }

    private static func record(
        _ name: String, _ best: Quantity, _ activity: Int64, _ day: LocalDay, _ page: PageContext
    ) -> Record {
        Record(
            effort: name, best: best.text, href: page.activityLink(activity), day: day.text(today: page.facts.today),
            isNew: day > page.facts.today.adding(-newDays))
    }

    private static func longest(_ page: PageContext, _ from: String, _ connection: Connection) async throws -> [Record] {
        let rows = try await connection.query(
            """
            SELECT DISTINCT ON (sport_family) sport_family, distance_m, activity_id, start_date_local FROM silver.activity
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source) AND sport_family IN ('ride', 'run', 'swim')
              AND distance_m > 0 AND silver.is_dated(start_date_local) AND start_date_local >= \(from)::text::timestamp
            ORDER BY sport_family, distance_m DESC, activity_id
            """)
        return try rows.map { row in
            let (family, distance_m, activity, start) = try row.decode(String.self, Double.self, Int64.self, Date.self)
            let kind = SportKind(family: family)
            return record(
                "Longest " + kind.word.lowercased(), page.figures.distance(distance_m, isSwim: kind == .swim), activity, LocalDay(start),
                page)
        }
    }

    private static func eddington(_ page: PageContext, _ connection: Connection) async throws -> [Record] {
        let unit = page.figures.system == .metric ? "km" : "mile"
        let rows = try await connection.query(
            """
            SELECT sport_family, eddington, days_towards_next FROM silver.eddington
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(AthleteFacts.source) AND unit = \(unit)
              AND sport_family IN ('ride', 'run') AND eddington > 0
            ORDER BY sport_family
            """)
        return try rows.map { row in
            let (family, number, towards) = try row.decode(String.self, Int.self, Int.self)
            let missing = max(1, number + 1 - towards)
            return Record(
                effort: "Eddington number, \(family)", best: "\(number)\(Figures.space)\(page.figures.distanceUnit)", href: nil,
                day: "\(missing) more \(missing == 1 ? "day" : "days") for \(number + 1)",
                isNew: false)
        }
    }
}
