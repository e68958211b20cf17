/// A link of a row of links, one of which is where the visitor is.
struct PageLink: Sendable {
    let text: String
    let href: String
    var isCurrent = false
}

/// A table behind a chart: the same figures for those who read.
struct DataTable: Sendable {
    struct Cell: Sendable {
        let text: String
        let isNumber: Bool
    }

    struct Line: Sendable {
        let cells: [Cell]
    }

    /// Rows of one table.
    static let linesMax = 60

    let caption: String
    let heads: [Cell]
    let lines: [Line]

    /// - Parameter heads: the first names the rows; the others stand above numbers.
    init(_ caption: String, heads: [String], lines: [[String]]) {
        self.caption = caption
        self.heads = Self.cells(heads)
        self.lines = lines.prefix(Self.linesMax).map { Line(cells: Self.cells($0)) }
    }

    private static func cells(_ texts: [String]) -> [Cell] {
        texts.enumerated().map { Cell(text: $0.element, isNumber: $0.offset > 0) }
    }
}

/// Why a card has nothing to show, and what comes next.
struct EmptyState: Sendable {
    enum Icon: String, Sendable {
        case clock = "M22 9v7l5 3M22 4a12 12 0 1 1 0 24 12 12 0 0 1 0-24z"
        case bolt = "M25 3 13 18h9l-3 11 12-15h-9z"
        case nothing = "m14 24 16-16M22 4a12 12 0 1 1 0 24 12 12 0 0 1 0-24z"
        case chart = "M2 30h40M6 24l9-9 8 6 14-16"
        case pin = "M22 29s9-9 9-16a9 9 0 0 0-18 0c0 7 9 16 9 16zM22 16.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"
        case shoe = "M5 22h33c1-5-4-6-9-8l-7-7-6 4c-2 2-7 2-11-1zM5 27h33"
    }

    let icon: String
    let title: String
    let reason: String
    var way: PageLink?

    init(_ icon: Icon, _ title: String, _ reason: String, way: PageLink? = nil) {
        self.icon = icon.rawValue
        self.title = title
        self.reason = reason
        self.way = way
    }
}

/// A figure of the row on top.
struct BigFigure: Sendable {
    let label: String
    let value: String
    var unit: String
    /// What it means, in a few words.
    var meaning: String?
    /// Why there is none.
    var why: String?

    init(_ label: String, _ quantity: Quantity, meaning: String? = nil, why: String? = nil) {
        self.label = label
        value = quantity.value
        unit = quantity.unit.isEmpty ? "" : Figures.space + quantity.unit
        self.meaning = meaning
        self.why = quantity == .unknown ? why ?? "Not known" : nil
    }
}

/// A chart that the script draws: what stands in its place before, and what it draws.
struct ChartBox: Sendable {
    /// Names the chart within its page.
    let name: String
    /// The finding, for those who don't see the chart.
    let label: String
    /// Figures and texts of our own, as JSON without a character that could end a script element.
    let json: String

    init<Content: Encodable>(_ name: String, label: String, _ content: Content) {
        self.name = name
        self.label = label
        json = PageJSON.text(content)
    }
}
