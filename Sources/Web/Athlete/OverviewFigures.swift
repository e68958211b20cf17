import Database
import Foundation

/// The five figures on top of an athlete's page, and the sentence that they add up to.
struct OverviewFigures: Sendable {
    let figures: [BigFigure]
    /// Nil: there is nothing to say yet.
    let sentence: String?
    /// "2,412 activities since April 2014. Newest 12 min ago."
    let extent: String

    /// Fitness and fatigue at the end of a day.
    private struct Form: Sendable {
        let fitness: Int
        let fatigue: Int
        var form: Int { fitness - fatigue }

        /// The words of the design reference: over +5 fresh, to −10 neutral, to −30 building, below strained.
        var word: String { form > 5 ? "fresh" : form >= -10 ? "neutral" : form >= -30 ? "building" : "strained" }
    }

    private struct Sums: Sendable {
        let count: Int
        let since: LocalDay?
        let week_s: Double
        let weekBefore_s: Double
        let year_m: Double
        let year_s: Double
        let yearClimb_m: Double
    }

    static func read(_ facts: AthleteFacts, _ connection: Connection) async throws -> OverviewFigures {
        let sums = try await readSums(facts, connection)
        let before = facts.today.adding(-28)
        let forms = try await readForms(facts, [facts.today, before], connection)
        return OverviewFigures(facts, sums, now: forms[facts.today.iso], before: forms[before.iso])
    }

    /// By day, as `2026-01-31`.
    private static func readForms(_ facts: AthleteFacts, _ days: [LocalDay], _ connection: Connection) async throws -> [String: Form] {
        let rows = try await connection.query(
            """
            SELECT day, fitness_ctl, fatigue_atl FROM silver.athlete_day
            WHERE athlete_id = \(facts.athlete) AND source_id = \(AthleteFacts.source) AND day = ANY (\(days.map(\.iso))::text[]::date[])
            """)
        var forms: [String: Form] = [:]
        for row in rows {
            let (day, ctl, atl) = try row.decode(Date.self, Double.self, Double.self)
            guard let fitness = Figures.whole(ctl), let fatigue = Figures.whole(atl) else { continue }
            forms[LocalDay(day).iso] = Form(fitness: fitness, fatigue: fatigue)
        }
        return forms
    }

    private static func readSums(_ facts: AthleteFacts, _ connection: Connection) async throws -> Sums {
        let (today, week, year) = (facts.today, facts.today.weekStart, facts.today.yearStart)
        let row = try await connection.query(
            """
            SELECT count(*), min(day) FILTER (WHERE dated),
                coalesce(sum(moving_time_s) FILTER (WHERE day BETWEEN \(week.iso)::text::date AND \(today.iso)::text::date), 0)::float8,
                coalesce(sum(moving_time_s) FILTER (
                    WHERE day BETWEEN \(week.adding(-7).iso)::text::date AND \(today.adding(-7).iso)::text::date), 0)::float8,
                coalesce(sum(distance_m) FILTER (WHERE day BETWEEN \(year.iso)::text::date AND \(today.iso)::text::date), 0),
                coalesce(sum(moving_time_s) FILTER (WHERE day BETWEEN \(year.iso)::text::date AND \(today.iso)::text::date), 0)::float8,
                coalesce(sum(elevation_gain_m) FILTER (WHERE day BETWEEN \(year.iso)::text::date AND \(today.iso)::text::date), 0)
            FROM (
                SELECT start_date_local::date AS day, silver.is_dated(start_date_local) AS dated, moving_time_s, distance_m, elevation_gain_m
                FROM silver.activity WHERE athlete_id = \(facts.athlete) AND source_id = \(AthleteFacts.source)) AS a
            """)[0]
        return Sums(
            count: try row.column(0), since: try row.column(1, as: Date?.self).map { LocalDay($0) }, week_s: try row.column(2),
            weekBefore_s: try row.column(3), year_m: try row.column(4), year_s: try row.column(5), yearClimb_m: try row.column(6))
    }

    private init(_ facts: AthleteFacts, _ sums: Sums, now: Form?, before: Form?) {
        extent = Self.extent(facts, sums)
        sentence = now.map { Self.sentence($0, sums) }
        figures = Self.form(now, before) + Self.volume(facts, sums)
    }

    private static func form(_ now: Form?, _ before: Form?) -> [BigFigure] {
        let why = "No day with a training load yet"
        guard let now else {
            return ["Fitness", "Fatigue", "Form"].map { BigFigure($0, .unknown, meaning: "no load yet", why: why) }
        }
        let change = before.map { Figures.form(now.fitness - $0.fitness) + " in 4 weeks" }
        let ratio = now.fatigue > now.fitness ? "above fitness" : now.fatigue < now.fitness ? "below fitness" : "equal to fitness"
        return [
            BigFigure("Fitness", Quantity(value: Figures.count(now.fitness)), meaning: change ?? "mean load of 42 days"),
            BigFigure("Fatigue", Quantity(value: Figures.count(now.fatigue)), meaning: ratio),
            BigFigure("Form", Quantity(value: Figures.form(now.form)), meaning: now.word),
        ]
    }

    private static func volume(_ facts: AthleteFacts, _ sums: Sums) -> [BigFigure] {
        let difference = sums.week_s - sums.weekBefore_s
        let amount = Figures.sum(abs(difference)).text
        let day = facts.today.adding(-7).text(today: facts.today)
        let meaning = abs(difference) < 60 ? "as much as by \(day)" : amount + (difference > 0 ? " more" : " less") + " than by \(day)"
        let climb = facts.figures.climb(sums.yearClimb_m)
        return [
            BigFigure("This week", Figures.sum(sums.week_s), meaning: meaning),
            BigFigure(
                "This year", facts.figures.distance(sums.year_m),
                meaning: "\(Figures.sum(sums.year_s).text), \(climb.text) climb"),
        ]
    }

    private static func sentence(_ form: Form, _ sums: Sums) -> String {
        let state =
            switch form.word {
            case "fresh": "You are fresh: fatigue is well below fitness."
            case "neutral": "You are in balance: fatigue is close to fitness."
            case "building": "You are building: fatigue is above fitness."
            default: "You are strained: fatigue is far above fitness."
            }
        return state + " This week has \(Figures.sum(sums.week_s).text) so far."
    }

    private static func extent(_ facts: AthleteFacts, _ sums: Sums) -> String {
        if sums.count == 0 { return "No activity yet." }
        let since = sums.since.map { " since \($0.monthName) \($0.year)" } ?? ""
        let newest = facts.newestAge_s.map { " Newest \(AthleteFacts.age($0))." } ?? ""
        return Figures.count(sums.count, "activity", "activities") + since + "." + newest
    }
}
