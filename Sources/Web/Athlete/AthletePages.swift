import Core
import Database
import OwnData

/// The pages of an athlete: made for one visitor from what PostgreSQL shows of that athlete alone.
public struct AthletePages: Sendable {
    private let pages: WebPages
    private let reader: AthleteReader
    /// Names of the libraries that are installed.
    private let libraries: Set<String>

    public init(files: WebFiles, reader: AthleteReader) {
        pages = files.pages
        self.reader = reader
        libraries = Set(files.assets.files.map(\.name))
    }

    // MARK: Pages

    /// The athlete's page down to the row of volumes; the rest comes as fragments.
    ///
    /// - Parameters:
    ///   - csrf: the form token of the visitor's session; empty: the page has no form.
    ///   - forecast: asked while the history is loading; nil: there is none.
    public func overview(
        _ visitor: PageVisitor, _ query: PageQuery, csrf: String, forecast: () async -> HistoryForecast?
    ) async throws -> String {
        let (page, history, model) = try await read(visitor, query) { page, connection in
            let history = try await HistoryShare.read(visitor.athlete, connection)
            let figures = try await OverviewFigures.read(page.facts, connection)
            let fitness = try await FitnessCard.read(page, connection)
            let latest = try await LatestCard.read(page, connection)
            let volume = try await VolumeCard.read(page, connection)
            let model = AthleteOverview(
                page, figures, csrf: csrf, fitness: pages.part(.cardFitness, fitness), latest: pages.part(.cardLatest, latest),
                volume: pages.part(.cardVolume, volume))
            return (page, history, model)
        }
        // Asked without a connection of the athletes' reads, which are few.
        let forecast = page.facts.isLoading(history) ? await forecast() : nil
        let bar = WebFrame.Bar.of(page.facts, history: history, forecast: forecast)
        return pages.page(.athleteOverview, model, in: frame(page, .overview, bar: bar, csrf: csrf))
    }

    /// All activities, page by page, with search.
    public func activities(_ visitor: PageVisitor, _ query: PageQuery, csrf: String) async throws -> String {
        try await read(visitor, query) { page, connection in
            let list = try await ActivityListPage.read(page, isShort: false, connection)
            return pages.page(.athleteActivities, list, in: frame(page, .activities, csrf: csrf))
        }
    }

    /// One activity; nil: the athlete has none of this number.
    public func activity(
        _ activity: ActivityID, _ visitor: PageVisitor, _ query: PageQuery, csrf: String, tiles: String?
    ) async throws -> String? {
        try await read(visitor, query) { page, connection in
            guard let found = try await ActivityDetailPage.read(activity, page, connection) else { return nil }
            let shown = mapPage(found, page, tiles)
            return pages.page(.athleteActivity, shown, in: frame(page, .activity, title: found.name, csrf: csrf))
        }
    }

    /// What is held, and how to end it.
    public func account(_ visitor: PageVisitor, csrf: String, fault: String?) async throws -> String {
        try await read(visitor, PageQuery([])) { page, connection in
            let model = try await AccountPage.read(page, csrf: csrf, fault: fault, connection)
            return pages.page(.athleteAccount, model, in: frame(page, .account, csrf: csrf))
        }
    }

    // MARK: Fragments

    /// A card by itself; nil: there is none of this name, or it is about no activity of the athlete's.
    ///
    /// - Parameter isFramed: as a page, for browsers that run no scripts.
    public func part(
        _ name: String, _ visitor: PageVisitor, _ query: PageQuery, csrf: String, tiles: String?, isFramed: Bool
    ) async throws -> String? {
        guard let part = PartName(rawValue: name) else { return nil }
        return try await read(visitor, query) { page, connection in
            guard let html = try await card(part, page, tiles, connection) else { return nil }
            return isFramed
                ? pages.page(.athletePart, FramedPart(title: page.facts.title, html: html), in: frame(page, .part(part), csrf: csrf)) : html
        }
    }

    /// What a script of a page asks for; nil: there is nothing of this name, or the visitor may not see it.
    public func data(_ name: String, _ visitor: PageVisitor, _ query: PageQuery) async throws -> String? {
        guard name == "heat", visitor.showsPlaces else { return nil }
        return try await reader.seeing(ReaderSight(places: visitor.showsPlaces)).read(visitor.athlete) { connection in
            try await HeatMapCard.cells(visitor.athlete, query.choice(HeatSport.self), connection)
        }
    }

    private func card(_ part: PartName, _ page: PageContext, _ tiles: String?, _ connection: Connection) async throws -> String? {
        switch part {
        case .fitness: return pages.part(.cardFitness, try await FitnessCard.read(page, connection))
        case .volume: return pages.part(.cardVolume, try await VolumeCard.read(page, connection))
        case .curves: return pages.part(.cardCurves, try await CurveCard.read(page, connection))
        case .zones: return pages.part(.cardZones, try await ZonesCard.read(page, connection))
        case .records: return pages.part(.cardRecords, try await RecordsCard.read(page, connection))
        case .calendar: return pages.part(.cardCalendar, try await CalendarCard.read(page, connection))
        case .gear: return pages.part(.cardGear, try await GearCard.read(page, connection))
        case .activities: return pages.part(.cardActivities, try await ActivityListPage.read(page, isShort: true, connection))
        case .map:
            let card = try await HeatMapCard.read(page, connection)
            return pages.part(.cardMap, mapPage(card, page, tiles))
        case .efforts, .similar: return try await activityCard(part, page, connection)
        }
    }

    private func activityCard(_ part: PartName, _ page: PageContext, _ connection: Connection) async throws -> String? {
        guard let activity = page.query["activity"].flatMap({ ActivityID(digits: $0) }) else { return nil }
        if part == .efforts { return try await EffortsCard.read(activity, page, connection).map { pages.part(.cardEfforts, $0) } }
        return try await SimilarCard.read(activity, page, connection).map { pages.part(.cardSimilar, $0) }
    }

    private func mapPage<Model>(_ model: Model, _ page: PageContext, _ tiles: String?) -> MapPage<Model> {
        MapPage(
            page: model, base: page.base, tiles: tiles, hasMaps: libraries.contains("leaflet.js"), isMiles: page.figures.system == .miles)
    }

    // MARK: Frames

    private enum Place: Equatable {
        case overview, activities, activity, account
        case part(PartName)

        /// A page loads what it uses: Chart.js is most of the weight of those that have it.
        var scripts: [String] {
            switch self {
            case .overview, .part(.fitness), .part(.volume), .part(.curves): ["chart.js", "charts.js", "page.js"]
            case .activity: ["chart.js", "charts.js", "course.js", "page.js"]
            case .part: ["page.js"]
            case .activities, .account: []
            }
        }

        var isBelowOverview: Bool { if case .part = self { true } else { self == .overview } }
    }

    private func frame(
        _ page: PageContext, _ place: Place, title: String? = nil, bar: WebFrame.Bar? = nil, csrf: String
    ) -> WebFrame {
        let base = page.base
        let unknown =
            page.query.hasUnknown
            ? WebFrame.Bar(.info, strong: "Part of the address is not understood", text: "and was left out: the usual choice is shown.")
            : nil
        let asked =
            page.query["asked"] == "sync"
            ? WebFrame.Bar(
                .info, strong: "A sync was asked for.", text: "New activities are here within a minute or two: load the page again.") : nil
        let links = [("Curves", "curves"), ("Records", "records"), ("Calendar", "calendar"), ("Map", "map"), ("Gear", "gear")]
        return WebFrame(
            title: title.map { "\($0): \(page.facts.title)" } ?? page.facts.title, home: base,
            nav: [
                WebFrame.Link("Overview", base, isCurrent: place.isBelowOverview),
                WebFrame.Link("Activities", base + "/activities", isCurrent: place == .activities || place == .activity),
            ] + links.map { WebFrame.Link($0.0, "\(base)#\($0.1)") },
            bar: asked ?? bar ?? unknown, styles: place == .overview ? [] : [WebAssets.moreStyle],
            scripts: place.scripts.filter(libraries.contains),
            button: csrf.isEmpty ? nil : WebFrame.Button("Sign out", action: "/sign-out", csrf: csrf), foot: page.facts.footNotes,
            footLinks: csrf.isEmpty ? [] : [WebFrame.Link("Disconnect or delete", base + "/account", isCurrent: place == .account)])
    }

    // MARK: Reading

    private func read<Answer: Sendable>(
        _ visitor: PageVisitor, _ query: PageQuery, _ make: (PageContext, Connection) async throws -> Answer
    ) async throws -> Answer {
        let reader = reader.seeing(ReaderSight(places: visitor.showsPlaces))
        return try await reader.read(visitor.athlete) { connection in
            let facts = try await AthleteFacts.read(visitor.athlete, connection)
            return try await make(PageContext(visitor: visitor, facts: facts, query: query), connection)
        }
    }
}

/// The cards that a page fetches by their name.
enum PartName: String, Sendable {
    case fitness, volume, curves, zones, records, calendar, gear, map, activities, efforts, similar
}

/// For `athlete/part.mustache`.
private struct FramedPart {
    let title: String
    let html: String
}

/// A model with what its map needs.
private struct MapPage<Page> {
    let page: Page
    let base: String
    /// Address of a tile server; nil: the map is a grid.
    let tiles: String?
    let hasMaps: Bool
    let isMiles: Bool
}
