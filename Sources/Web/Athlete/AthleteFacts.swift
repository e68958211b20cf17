import Core
import Database
import Foundation

/// What each of an athlete's pages needs to know first.
struct AthleteFacts: Sendable {
    let athlete: AthleteID
    /// Active, paused, reconnect or erasing, as silver.freshness has it.
    let state: String
    let newestAge_s: Double?
    let dataAge_s: Double?
    let historyIsComplete: Bool
    /// Activities that have landed and are not in the figures yet.
    let backlog: Int
    let name: String?
    let figures: Figures
    /// As in the profile now.
    let weight_kg: Double?
    /// Today where the athlete is: at the offset of the newest activity.
    let today: LocalDay
    /// The time zone of the newest activity; nil: none is known.
    let zone: String?

    /// The source whose days, weeks and records are shown.
    static let source: Int64 = 1

    /// Of an athlete of whom nothing has landed yet, little is known: the first sync is under way.
    static func read(_ athlete: AthleteID, _ connection: Connection) async throws -> AthleteFacts {
        let rows = try await connection.query(
            """
            SELECT coalesce(f.state, 'active'), f.newest_activity_age_s, f.data_age_s, f.history_complete_at IS NOT NULL, f.silver_backlog,
                t.first_name, t.last_name, t.measurement_system, silver.today(v.athlete_id), n.timezone, t.weight_kg
            FROM (VALUES (\(athlete)::bigint)) AS v (athlete_id)
            LEFT JOIN silver.freshness f ON f.athlete_id = v.athlete_id
            LEFT JOIN silver.athlete t ON t.athlete_id = v.athlete_id AND t.source_id = \(source)
            LEFT JOIN LATERAL (
                SELECT a.timezone FROM silver.activity a
                WHERE a.athlete_id = v.athlete_id AND a.start_at < now() + interval '2 days' ORDER BY a.start_at DESC LIMIT 1) AS n ON true
            """)
        return try AthleteFacts(athlete, rows[0])
    }

    private init(_ athlete: AthleteID, _ row: Row) throws {
        self.athlete = athlete
        state = try row.column(0)
        newestAge_s = try row.column(1)
        dataAge_s = try row.column(2)
        historyIsComplete = try row.column(3)
        backlog = try row.column(4, as: Int?.self) ?? 0
        let names = [try row.column(5, as: String?.self), try row.column(6, as: String?.self)].compactMap { Words.cleaned($0, max: 60) }
        name = names.isEmpty ? nil : names.joined(separator: " ")
        figures = Figures(measurementSystem: try row.column(7))
        today = LocalDay(try row.column(8, as: Date.self))
        zone = Self.zoneName(try row.column(9))
        weight_kg = try row.column(10)
    }

    /// Strava writes "(GMT+01:00) Europe/Berlin".
    private static func zoneName(_ text: String?) -> String? {
        guard let last = text?.split(separator: " ").last, last.contains("/"), last.utf8.count <= 60 else { return nil }
        return Words.cleaned(String(last), max: 60)
    }

    /// Whether activities are still to come from Strava, and nothing keeps them from coming.
    func isLoading(_ history: HistoryShare?) -> Bool {
        state == "active" && (!historyIsComplete || history.map { $0.landed < $0.listed } ?? false)
    }

    var title: String { name ?? "Athlete \(athlete)" }

    /// Letters for the round sign beside the name.
    var initials: String {
        guard let name else { return "A" }
        return String(name.split(separator: " ").prefix(2).compactMap(\.first)).uppercased()
    }

    /// What stands at the foot of each page.
    var footNotes: [String] {
        var notes = ["Data from Strava"]
        if let dataAge_s { notes.append("Read \(Self.age(dataAge_s))") }
        notes.append(zone.map { "Times are \($0), weeks from Monday" } ?? "Weeks from Monday")
        return notes
    }

    /// "12 min ago".
    static func age(_ seconds: Double) -> String {
        let minutes = Int(max(0, min(seconds, 1e9)) / 60)
        if minutes < 1 { return "just now" }
        if minutes < 120 { return "\(minutes) min ago" }
        if minutes < 2_880 { return "\(minutes / 60) h ago" }
        return "\(Figures.count(minutes / 1_440)) days ago"
    }
}

extension WebFrame.Bar {
    /// The one bar on top of an athlete's pages: the worst that there is to say.
    static func of(_ facts: AthleteFacts, history: HistoryShare?, forecast: HistoryForecast?) -> WebFrame.Bar? {
        switch facts.state {
        case "reconnect":
            return WebFrame.Bar(
                .bad, strong: "The connection with Strava has ended.",
                text: "What was read before stays here; nothing new arrives. Ask the operator for a link to connect again.")
        case "erasing": return WebFrame.Bar(.bad, strong: "This data is being erased.", text: "Nothing of it stays.")
        case "paused":
            return WebFrame.Bar(.info, strong: "Syncing is paused", text: "by the operator. New activities follow later.")
        default: return facts.isLoading(history) ? loading(facts, history, forecast) : workedOut(facts)
        }
    }

    private static func loading(_ facts: AthleteFacts, _ history: HistoryShare?, _ forecast: HistoryForecast?) -> WebFrame.Bar {
        var text = "The list of your activities is being read at Strava, newest first."
        if let history, history.landed < history.listed {
            let share = Figures.share(Double(history.landed), of: Double(history.listed)).text
            text =
                "\(Figures.count(history.landed)) of \(Figures.count(history.listed)) activities (\(share)) are here with all their "
                + "figures, newest first."
        }
        let rest = forecast?.words(zone: facts.zone).map { " " + $0 } ?? ""
        return WebFrame.Bar(.info, strong: "Your history is loading.", text: text + rest)
    }

    private static func workedOut(_ facts: AthleteFacts) -> WebFrame.Bar? {
        guard facts.backlog > 0 else { return nil }
        return WebFrame.Bar(
            .info, strong: Figures.count(facts.backlog, "activity is", "activities are") + " being worked out.",
            text: "Figures follow within minutes.")
    }
}

/// How much of the history has landed with its series.
struct HistoryShare: Sendable {
    let listed: Int
    let landed: Int

    /// Nil: nothing is listed yet.
    static func read(_ athlete: AthleteID, _ connection: Connection) async throws -> HistoryShare? {
        let rows = try await connection.query(
            """
            SELECT listed - gone - expired - no_scope, landed + empty + failed + quarantined FROM silver.completeness
            WHERE athlete_id = \(athlete) AND endpoint = 'streams'
            """)
        guard let (listed, landed) = try rows.first?.decode(Int.self, Int.self), listed > 0 else { return nil }
        return HistoryShare(listed: listed, landed: landed)
    }
}
