/// A choice that an address makes, such as the period of a chart: its name in the query and its words.
protocol PageChoice: CaseIterable, RawRepresentable, Sendable, Equatable where RawValue == String, AllCases: Sendable {
    static var name: String { get }
    /// What is shown where the address names nothing.
    static var standard: Self { get }
    var title: String { get }
}

/// The query of a page's address. Of the choices only known words count, and only these are written into links.
public struct PageQuery: Sendable {
    /// Bytes of one value that is read at all.
    private static let bytesMax = 200
    private static let known: [String: Set<String>] = {
        func words<Choice: PageChoice>(_: Choice.Type) -> (String, Set<String>) { (Choice.name, Set(Choice.allCases.map(\.rawValue))) }
        return Dictionary(uniqueKeysWithValues: [
            words(FitnessSpan.self), words(VolumeMeasure.self), words(VolumeSpan.self), words(CurveMetric.self), words(CurveSpan.self),
            words(ZoneMetric.self), words(RecordSpan.self), words(HeatSport.self), words(CourseAxis.self), words(CoursePart.self),
        ])
    }()

    private let values: [String: String]
    /// Whether the query has a choice that is none, or something twice.
    let hasUnknown: Bool

    /// - Parameter pairs: names and values, decoded. Of equal names the first counts.
    public init(_ pairs: [(String, String)]) {
        var values: [String: String] = [:]
        var hasUnknown = false
        for (name, value) in pairs {
            let isRefused = value.utf8.count > Self.bytesMax || Self.known[name].map { !$0.contains(value) } ?? false
            if isRefused || values[name] != nil { hasUnknown = true } else { values[name] = value }
        }
        self.values = values
        self.hasUnknown = hasUnknown
    }

    /// As the address has it; nil: not given, or empty.
    public subscript(_ name: String) -> String? { values[name].flatMap { $0.isEmpty ? nil : $0 } }

    func choice<Choice: PageChoice>(_: Choice.Type) -> Choice { values[Choice.name].flatMap { Choice(rawValue: $0) } ?? Choice.standard }

    /// The choices of the address with one of them changed, as a query.
    private func choices<Choice: PageChoice>(with choice: Choice) -> String {
        var changed = values
        changed[Choice.name] = choice == Choice.standard ? nil : choice.rawValue
        return Self.choices(of: changed)
    }

    /// The choices of the address as a query, for the fragments of its page.
    var choices: String { Self.choices(of: values) }

    private static func choices(of values: [String: String]) -> String {
        let text = values.filter { known[$0.key] != nil }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return text.isEmpty ? "" : "?" + text.joined(separator: "&")
    }

    /// A link for each word of a choice.
    ///
    /// - Parameters:
    ///   - path: the page.
    ///   - card: the part of the page that the choice is about.
    func links<Choice: PageChoice>(_: Choice.Type, path: String, card: String) -> [PageLink] {
        let current = choice(Choice.self)
        return Choice.allCases.map {
            PageLink(text: $0.title, href: path + choices(with: $0) + "#" + card, isCurrent: $0 == current)
        }
    }
}
