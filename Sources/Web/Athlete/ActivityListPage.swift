import Core
import Database
import Foundation
import OwnData

/// A page of the athlete's activities, newest first, with its filters.
struct ActivityListPage: Sendable {
    struct Option: Sendable {
        let value: String
        let text: String
        let isChosen: Bool
    }

    private static let countMax = 50
    private static let shortCountMax = 10

    let action: String
    let searchText: String
    let options: [Option]
    let afterText: String
    let beforeText: String
    let atLeastText: String
    let unit: String
    let found: String
    let rows: [ActivityRow]
    let none: EmptyState?
    let newerHref: String?
    let olderHref: String?
    /// What was left out of the search, and why; nil: nothing.
    let refused: String?
    let isFiltered: Bool

    /// - Parameter isShort: as a card of the overview, without pages.
    static func read(_ page: PageContext, isShort: Bool, _ connection: Connection) async throws -> ActivityListPage {
        let search = isShort ? ActivitySearch(PageQuery([])) : ActivitySearch(page.query)
        let limit = isShort ? shortCountMax : countMax
        let condition = search.condition(page.figures)
        let total = try await connection.query(
            "SELECT count(*) FROM silver.activity a WHERE a.athlete_id = \(page.facts.athlete) AND \(condition)")[0].decode(Int.self)
        let older = page.query["older"].flatMap { ActivityCursor($0) }
        let newer = isShort ? nil : page.query["newer"].flatMap { ActivityCursor($0) }
        let isBackwards = newer != nil
        let rows = try await connection.query(
            statement(page, condition, from: isShort ? nil : newer ?? older, isBackwards: isBackwards, limit: limit + 1))
        var kept = Array(rows.prefix(limit))
        if isBackwards { kept.reverse() }
        let hasMore = rows.count > limit
        let places = try [kept.first, kept.last].map { try $0.map(place) }
        let isFirst = isBackwards ? !hasMore : older == nil
        let isLast = isBackwards ? false : !hasMore
        return ActivityListPage(
            page, search, total, try kept.map { try ActivityRow($0, page) },
            newer: isShort || isFirst ? nil : places[0], older: isShort || isLast ? nil : places[1])
    }

    private static func place(_ row: Row) throws -> ActivityCursor {
        ActivityCursor(start: try row.column(2), activity: try row.column(0), source: try row.column(1))
    }

    /// Those without a start come last. The metrics of the activities that are shown are read, not those of all.
    private static func statement(
        _ page: PageContext, _ condition: SQL, from place: ActivityCursor?, isBackwards: Bool, limit: Int
    ) -> SQL {
        let key = ["coalesce(a.start_at, '-infinity')", "a.activity_id", "a.source_id"]
        let order = key.map { "\($0) \(isBackwards ? "ASC" : "DESC")" }.joined(separator: ", ")
        let beyond: SQL =
            place.map {
                """
                AND (\(raw: key.joined(separator: ", "))) \(raw: isBackwards ? ">" : "<")
                    (\($0.start ?? .distantPast), \($0.activity), \($0.source))
                """
            } ?? ""
        return """
            SELECT \(raw: ActivityRow.columns)
            FROM (
                SELECT a.athlete_id, a.source_id, a.activity_id FROM silver.activity a
                WHERE a.athlete_id = \(page.facts.athlete) AND \(condition) \(beyond)
                ORDER BY \(raw: order) LIMIT \(limit)) AS shown
            JOIN silver.activity a USING (athlete_id, source_id, activity_id)
            LEFT JOIN silver.activity_metric m USING (athlete_id, source_id, activity_id)
            ORDER BY \(raw: order)
            """
    }

    private init(
        _ page: PageContext, _ search: ActivitySearch, _ total: Int, _ rows: [ActivityRow], newer: ActivityCursor?, older: ActivityCursor?
    ) {
        action = page.base + "/activities"
        searchText = search.text ?? ""
        options =
            [Option(value: "all", text: "All sports", isChosen: search.kind == nil)]
            + SportKind.allCases.map { Option(value: $0.rawValue, text: $0.word, isChosen: search.kind == $0) }
        afterText = search.after?.iso ?? ""
        beforeText = search.before?.iso ?? ""
        atLeastText = search.pairs.first { $0.0 == "min" }?.1 ?? ""
        unit = page.figures.distanceUnit
        found = Figures.count(total)
        self.rows = rows
        isFiltered = !search.isEmpty
        refused =
            search.refused.isEmpty ? nil : "Left out of the search, since it can't be read: \(search.refused.joined(separator: ", "))."
        none = rows.isEmpty ? Self.nothing(page, search) : nil
        func address(_ name: String, _ place: ActivityCursor) -> String {
            page.base + "/activities?" + PercentCoding.form(search.pairs + [(name, place.text)])
        }
        newerHref = newer.map { address("newer", $0) }
        olderHref = older.map { address("older", $0) }
    }

    private static func nothing(_ page: PageContext, _ search: ActivitySearch) -> EmptyState {
        if search.isEmpty {
            return page.facts.historyIsComplete
                ? EmptyState(.nothing, "No activity at Strava", "Record or upload one at Strava, and it is here within minutes.")
                : EmptyState(.clock, "First activities in about a minute", "The list of your activities is being read, newest first.")
        }
        return EmptyState(
            .nothing, "Nothing matches", "None of your activities passes all of these filters.",
            way: PageLink(text: "Clear the filter", href: page.base + "/activities"))
    }
}
