/// The athlete's page, for `athlete/overview.mustache`: the first view, and where the rest is.
struct AthleteOverview: Sendable {
    /// A card that comes when it is scrolled near.
    struct Later: Sendable {
        let id: String
        let title: String
        /// How many of the twelve columns it takes.
        let column: String
        let partHref: String
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
    let later: [Later]
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
        let cards: [(PartName, String, String)] = [
            (.curves, page.query.choice(CurveMetric.self).heading, "c6"), (.zones, "Time in zones", "c6"), (.records, "Records", "c6"),
            (.calendar, "Calendar", "c8"), (.gear, "Gear", "c4"), (.map, "Heat map", "c12"), (.activities, "Activities", "c12"),
        ]
        let choices = page.query.choices
        frame = (choices.isEmpty ? "?" : "&") + "frame=yes"
        later = cards.map { part, title, column in
            let address = "\(page.base)/parts/\(part.rawValue)\(choices)"
            return Later(id: part.rawValue, title: title, column: column, partHref: address)
        }
    }
}
