/// The athlete's page, for `athlete/overview.mustache`: the first view, and where the rest is.
struct AthleteOverview: Sendable {
    /// A card that comes when it is scrolled near.
    struct Later: Sendable {
        let id: String
        let title: String
        let partHref: String
    }

    /// Cards one below the other. Zones and gear stand beside the records, which are about as high as both.
    struct Stack: Sendable {
        /// How many of the twelve columns it takes.
        let column: String
        let cards: [Later]
    }

    let initials: String
    let title: String
    let extent: String
    let sentence: String?
    let figures: [BigFigure]
    let base: String
    /// Empty: there is no form.
    let csrf: String
    let canSync: Bool
    let fitness: String
    let latest: String
    let volume: String
    let later: [Stack]
    /// What makes the address of a card that of a page.
    let frame: String

    init(_ page: PageContext, _ figures: OverviewFigures, csrf: String, fitness: String, latest: String, volume: String) {
        initials = page.facts.initials
        title = page.facts.title
        extent = figures.extent
        sentence = figures.sentence
        self.figures = figures.figures
        base = page.base
        self.csrf = csrf
        canSync = !csrf.isEmpty && page.facts.state == "active"
        self.fitness = fitness
        self.latest = latest
        self.volume = volume
        let stacks: [(String, [(PartName, String)])] = [
            ("c6", [(.curves, page.query.choice(CurveMetric.self).heading)]), ("c6", [(.zones, "Time in zones"), (.gear, "Gear")]),
            ("c6", [(.records, "Records")]), ("c12", [(.calendar, "Calendar")]), ("c12", [(.map, "Heat map")]),
            ("c12", [(.activities, "Activities")]),
        ]
        let choices = page.query.choices
        frame = (choices.isEmpty ? "?" : "&") + "frame=yes"
        later = stacks.map { column, cards in
            Stack(
                column: column,
                cards: cards.map { part, title in
                    Later(id: part.rawValue, title: title, partHref: "\(page.base)/parts/\(part.rawValue)\(choices)")
                })
        }
    }
}
