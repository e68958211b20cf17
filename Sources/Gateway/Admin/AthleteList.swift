import ControlAPI
import Core
import Database
import Foundation
import Hummingbird

/// What of the athletes is shown: the query of the overview.
struct AthleteFilter: Sendable {
    enum State: String, Sendable, CaseIterable {
        case all = "", attention, work, paused, reconnect

        var label: String {
            switch self {
            case .all: "All states"
            case .attention: "Needs attention"
            case .work: "In work"
            case .paused: "Paused"
            case .reconnect: "Reconnect"
            }
        }
    }

    enum Order: String, Sendable, CaseIterable {
        case number = "", name, activities, newest, look

        var label: String {
            switch self {
            case .number: "Athlete"
            case .name: "Name"
            case .activities: "Activities"
            case .newest: "Newest activity"
            case .look: "Last look"
            }
        }
    }

    static let rowsMax = 20
    private static let pageMax = 10_000
    private static let searchMax = 100

    var search = ""
    var state = State.all
    var order = Order.number
    /// From 1.
    var page = 1

    init() {}

    init(_ request: Request) {
        let form = PageForm(query: request)
        search = PlainText.of(String((form["q"] ?? "").prefix(Self.searchMax))).trimmingCharacters(in: .whitespacesAndNewlines)
        state = State(rawValue: form["state"] ?? "") ?? .all
        order = Order(rawValue: form["order"] ?? "") ?? .number
        page = form["page"].flatMap { Int($0) }.map { min(max($0, 1), Self.pageMax) } ?? 1
    }

    var isOn: Bool { !search.isEmpty || state != .all }

    /// As the query of an address.
    func query(order: Order? = nil, page: Int = 1) -> String {
        let order = order ?? self.order
        let pairs = [("q", search), ("state", state.rawValue), ("order", order.rawValue), ("page", page > 1 ? String(page) : "")]
        return PercentCoding.form(pairs.filter { !$0.1.isEmpty })
    }
}

/// A page of the athletes with their state, for `admin/athletes.mustache`.
struct AthleteList: Sendable {
    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct Head: Sendable {
        let label: String
        let isNumber: Bool
        /// `ascending` or `descending`; nil: the rows are in another order.
        let sorted: String?
        let mark: String
        /// Nil: rows have no such order.
        let href: String?
    }

    struct Line: Sendable {
        let number: Int64
        let who: String
        /// The athlete's own page.
        let page: String?
        let sub: String
        let tone: String
        let state: String
        let activities: String
        let complete: String
        let newest: ShownTime
        let looked: ShownTime
        let next: ShownTime
        let buttons: [Overview.Ask]
    }

    let q: String
    let states: [Choice]
    let query: String
    let heads: [Head]
    let rows: [Line]
    let isEmpty: Bool
    let emptyTitle: String
    let emptyReason: String
    let clear: String?
    let range: String
    let previous: String?
    let next: String?

    init(_ filter: AthleteFilter, _ found: [ListedAthlete], total: Int, now: Date, isPaused: Bool, canChange: Bool) {
        q = filter.search
        states = AthleteFilter.State.allCases.map { Choice(value: $0.rawValue, label: $0.label, isChosen: $0 == filter.state) }
        query = filter.query(page: filter.page)
        heads = Self.heads(filter)
        rows = found.map { Line($0, now: now, isPaused: isPaused, canChange: canChange) }
        isEmpty = found.isEmpty
        emptyTitle = filter.isOn ? "Nobody matches" : "No athlete yet"
        emptyReason =
            filter.isOn
            ? "No athlete of this state has such a name, number or uid."
            : "Make a link, send it to the athlete; their newest activities are here a minute after they agree."
        clear = filter.isOn ? "/#athletes" : nil
        let first = (filter.page - 1) * AthleteFilter.rowsMax
        range =
            found.isEmpty
            ? "" : "\(AdminText.number(first + 1)) to \(AdminText.number(first + found.count)) of \(AdminText.number(total))"
        previous = filter.page > 1 ? Self.address(filter.query(page: filter.page - 1)) : nil
        next = first + found.count < total && !found.isEmpty ? Self.address(filter.query(page: filter.page + 1)) : nil
    }

    /// No row: for parts of the page that have no list.
    static let none = AthleteList(AthleteFilter(), [], total: 0, now: .distantPast, isPaused: false, canChange: false)

    private static func address(_ query: String) -> String { query.isEmpty ? "/#athletes" : "/?\(query)#athletes" }

    private static func heads(_ filter: AthleteFilter) -> [Head] {
        func head(_ label: String, _ order: AthleteFilter.Order?, isNumber: Bool = true) -> Head {
            let isSorted = order == filter.order
            let isDown = order == .activities || order == .newest
            return Head(
                label: label, isNumber: isNumber, sorted: isSorted ? (isDown ? "descending" : "ascending") : nil,
                mark: isSorted ? (isDown ? " ↓" : " ↑") : "", href: order.map { address(filter.query(order: $0)) })
        }
        let athlete = filter.order == .name ? AthleteFilter.Order.number : .name
        var first = head("Athlete", filter.order == .name ? .name : .number, isNumber: false)
        // Pressed again it changes between number and name.
        first = Head(
            label: first.label, isNumber: false, sorted: first.sorted,
            mark: first.sorted == nil ? "" : filter.order == .name ? " A–Z" : " №",
            href: address(filter.query(order: athlete)))
        return [
            first, head("State", nil, isNumber: false), head("Activities", .activities), head("Complete", nil),
            head("Newest activity", .newest), head("Last look", .look), head("Next look", nil),
        ]
    }
}

extension AthleteList.Line {
    fileprivate init(_ athlete: ListedAthlete, now: Date, isPaused: Bool, canChange: Bool) {
        number = athlete.id
        who = athlete.who
        page = "/athletes/\(athlete.id)"
        sub = athlete.uid.map { "\(athlete.id) · \($0)" } ?? String(athlete.id)
        (tone, state) = Self.state(athlete)
        activities = AdminText.number(athlete.activities)
        complete = athlete.wanted == 0 ? "–" : "\(AdminText.share(athlete.landed, of: athlete.wanted))\(AdminText.space)%"
        newest = ShownTime(athlete.newestAt, now: now, otherwise: "No activity is listed yet")
        looked = ShownTime(athlete.lookedAt, now: now, otherwise: "The list was not read to its end yet")
        next = Self.next(athlete, now: now, isPaused: isPaused)
        buttons = canChange ? Self.buttons(athlete) : []
    }

    /// The fixed words of states.
    private static func state(_ athlete: ListedAthlete) -> (tone: String, word: String) {
        switch athlete.state {
        case "erasing": return ("off", "Being erased")
        case "reconnect": return ("bad", "Reconnect")
        default: break
        }
        if athlete.isPaused { return ("off", "Paused") }
        if athlete.isWorking {
            return ("info", athlete.priority == 1 ? "New activity" : athlete.landed < athlete.wanted ? "History" : "Checking")
        }
        if athlete.failures >= AdminQueries.failuresMin { return ("warn", "\(athlete.failures) failures") }
        if athlete.quarantined > 0 { return ("warn", "\(athlete.quarantined) set aside") }
        if !athlete.scopes.contains("activity:read_all") { return ("warn", "Scope missing") }
        if !athlete.hasWalked || athlete.landed < athlete.wanted { return ("info", "History") }
        return ("ok", "Up to date")
    }

    private static func next(_ athlete: ListedAthlete, now: Date, isPaused: Bool) -> ShownTime {
        if athlete.state == "reconnect" { return ShownTime(words: "after a new connect", why: "Strava refuses access until then") }
        if athlete.state == "erasing" { return ShownTime(words: "none", why: "The athlete is being erased") }
        if isPaused { return ShownTime(words: "all paused", why: "All syncing is paused") }
        if athlete.isPaused {
            let by = athlete.pausedBy.map { "Paused by \(AdminText.line($0))" } ?? "Paused"
            return ShownTime(words: "when resumed", why: by)
        }
        if athlete.isWorking { return ShownTime(words: "now", why: "The athlete is in work") }
        guard let dueAt = athlete.dueAt else { return ShownTime(words: "not planned", why: "No turn is planned") }
        return dueAt <= now ? ShownTime(words: "in line", why: "Due, waiting for a free worker") : ShownTime(dueAt, now: now, otherwise: "")
    }

    private static func buttons(_ athlete: ListedAthlete) -> [Overview.Ask] {
        if athlete.state == "erasing" { return [] }
        if athlete.state == "reconnect" {
            return athlete.uid.map { [Overview.Ask(label: "Connect link", action: "/actions/connect", uid: $0)] } ?? []
        }
        if athlete.isPaused { return [Overview.Ask(label: "Resume", action: "/actions/resume", athlete: athlete.id)] }
        return [
            Overview.Ask(label: "Sync", action: "/actions/sync", athlete: athlete.id),
            Overview.Ask(label: "Pause", action: "/actions/pause", athlete: athlete.id),
        ]
    }
}

/// A row of the list.
struct ListedAthlete: Sendable {
    let id: Int64
    let who: String
    let uid: String?
    let state: String
    let scopes: [String]
    let isPaused: Bool
    let pausedBy: String?
    let isWorking: Bool
    let priority: Int
    let dueAt: Date?
    let failures: Int
    let newestAt: Date?
    let lookedAt: Date?
    let hasWalked: Bool
    let quarantined: Int
    let activities: Int
    var landed = 0
    var wanted = 0
}

/// Reads a page of the list, in two statements.
enum AthleteListQuery {
    static func read(_ database: Database, _ filter: AthleteFilter, now: Date) async throws -> (rows: [ListedAthlete], total: Int) {
        let rows = try await database.query(page(filter, now))
        var found = try rows.map(athlete)
        let counts = try await database.query(counts(found.map(\.id))).map { try $0.decode(Int64.self, Int.self, Int.self) }
        let byAthlete = Dictionary(counts.map { ($0.0, ($0.1, $0.2)) }) { first, _ in first }
        for place in found.indices { (found[place].landed, found[place].wanted) = byAthlete[found[place].id] ?? (0, 0) }
        return (found, try rows.first.map { try $0.column(16, as: Int.self) } ?? 0)
    }

    private static func athlete(_ row: Row) throws -> ListedAthlete {
        let (id, first, last, uid, state, scope, isPaused, pausedBy, isWorking) = try row.decode(
            Int64.self, String?.self, String?.self, String?.self, String.self, String.self, Bool.self, String?.self, Bool.self)
        return ListedAthlete(
            id: id, who: AdminText.athlete(id, first: first, last: last), uid: uid, state: state,
            scopes: scope.split(separator: ",").map(String.init), isPaused: isPaused, pausedBy: pausedBy, isWorking: isWorking,
            priority: try row.column(9), dueAt: try row.column(10), failures: try row.column(11), newestAt: try row.column(12),
            lookedAt: try row.column(13), hasWalked: try row.column(14), quarantined: try row.column(15), activities: try row.column(17))
    }

    private static func page(_ filter: AthleteFilter, _ now: Date) -> SQL {
        """
        SELECT f.*, (SELECT count(*) FROM sync.activity v WHERE v.athlete_id = f.athlete_id AND v.gone_at IS NULL) FROM (
            SELECT a.athlete_id, p.first_name, p.last_name, a.uid, a.state, a.scope,
                a.state = 'active' AND coalesce(a.paused_until > \(now), false) AS is_paused, a.paused_by,
                coalesce(s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now), false) AS is_working, coalesce(s.priority, 4)::integer AS priority,
                s.due_at, coalesce(s.failures, 0) AS failures, c.newest_start_at, c.listed_at, c.history_complete_at IS NOT NULL AS has_walked,
                q.entries, count(*) OVER () AS total
            FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id) LEFT JOIN sync.cursor c USING (athlete_id)
            LEFT JOIN silver.athlete p ON p.athlete_id = a.athlete_id AND p.source_id = 1
            LEFT JOIN LATERAL (SELECT count(*) AS entries FROM sync.quarantine q WHERE q.athlete_id = a.athlete_id) q ON true
            WHERE (\(filter.search) = '' OR strpos(lower(concat_ws(' ', p.first_name, p.last_name)), lower(\(filter.search))) > 0
                OR starts_with(a.athlete_id::text, \(filter.search)) OR strpos(lower(a.uid), lower(\(filter.search))) > 0)
              AND (\(raw: condition(filter.state)))
            ORDER BY \(raw: order(filter.order)) LIMIT \(AthleteFilter.rowsMax) OFFSET \((filter.page - 1) * AthleteFilter.rowsMax)) f
        """
    }

    private static func condition(_ state: AthleteFilter.State) -> String {
        switch state {
        case .all: "true"
        case .attention: AdminQueries.needsPerson
        case .work: "s.lease_owner IS NOT NULL AND s.lease_expires_at > now()"
        case .paused: "a.state = 'active' AND a.paused_until > now()"
        case .reconnect: "a.state = 'reconnect'"
        }
    }

    private static func order(_ order: AthleteFilter.Order) -> String {
        switch order {
        case .number: "a.athlete_id"
        case .name: "lower(concat_ws(' ', p.first_name, p.last_name)) NULLS LAST, a.athlete_id"
        case .activities:
            "(SELECT count(*) FROM sync.activity v WHERE v.athlete_id = a.athlete_id AND v.gone_at IS NULL) DESC, a.athlete_id"
        case .newest: "c.newest_start_at DESC NULLS LAST, a.athlete_id"
        case .look: "c.listed_at NULLS FIRST, a.athlete_id"
        }
    }

    private static func counts(_ ids: [Int64]) -> SQL {
        """
        SELECT athlete_id, count(*) FILTER (WHERE state = 'landed'),
            count(*) FILTER (WHERE state IN ('landed', 'pending', 'failed', 'quarantined'))
        FROM sync.completeness WHERE athlete_id = ANY (\(ids)) AND endpoint <> 'summary' GROUP BY athlete_id
        """
    }
}
