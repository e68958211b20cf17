import Core

/// Who looks at an athlete's page.
public struct PageVisitor: Sendable {
    public let athlete: AthleteID
    /// Whether positions, tracks and towns may be shown.
    public let showsPlaces: Bool
    /// Where the athlete's pages are: `/me`, or `/athletes/NUMBER` for an operator.
    public let base: String

    public init(athlete: AthleteID, showsPlaces: Bool, base: String) {
        self.athlete = athlete
        self.showsPlaces = showsPlaces
        self.base = base
    }
}

/// What a part of an athlete's page is made for.
struct PageContext: Sendable {
    let visitor: PageVisitor
    let facts: AthleteFacts
    let query: PageQuery

    var base: String { visitor.base }
    var figures: Figures { facts.figures }

    /// Whether the tables behind the charts of the first view are written out. Else they come when they are opened, since they weigh.
    var hasTables: Bool { query["table"] != nil || query["frame"] != nil }

    /// Where a card is with its table; nil: it has it already.
    func tableLink(_ part: PartName) -> String? {
        let choices = query.choices
        return hasTables ? nil : "\(base)/parts/\(part.rawValue)\(choices)\(choices.isEmpty ? "?" : "&")table=yes"
    }

    /// A link for each word of a choice, which reload the card alone where scripts run.
    func links<Choice: PageChoice>(_ type: Choice.Type, card: String) -> [PageLink] {
        query.links(type, path: base, card: card)
    }

    func activityLink(_ activity: Int64) -> String { "\(base)/activities/\(activity)" }
}
