/// One metric: its name, what it says, and the closed sets of its labels' values. Only defined metrics are exposed, and a value outside its
/// set is exposed as `other`, so that nothing from outside can become a label or make the number of series grow.
public struct MetricDefinition: Sendable {
    public enum Kind: Sendable, Equatable {
        /// Only rises while the process runs. The name ends in `_total`.
        case counter
        case gauge
        /// How many values were at most each of these bounds.
        case histogram([Double])
    }

    public struct Label: Sendable {
        public let name: String
        public let values: [String]

        public init(_ name: String, _ values: [String]) {
            self.name = name
            self.values = values
        }
    }

    /// What stands for a value that is not in its label's set.
    public static let other = "other"

    public let name: String
    public let kind: Kind
    /// One sentence.
    public let help: String
    public let labels: [Label]

    private init(_ name: String, _ kind: Kind, _ help: String, _ labels: [Label]) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }

    public static func counter(_ name: String, _ help: String, _ labels: Label...) -> MetricDefinition {
        MetricDefinition(name, .counter, help, labels)
    }

    public static func gauge(_ name: String, _ help: String, _ labels: Label...) -> MetricDefinition {
        MetricDefinition(name, .gauge, help, labels)
    }

    public static func histogram(_ name: String, _ help: String, bounds: [Double], _ labels: Label...) -> MetricDefinition {
        MetricDefinition(name, .histogram(bounds), help, labels)
    }

    /// The labels with these values, one for each, in their order.
    func dimensions(_ values: [String]) -> [(String, String)] {
        labels.enumerated().map { place, label in
            let value = place < values.count ? values[place] : Self.other
            return (label.name, label.values.contains(value) ? value : Self.other)
        }
    }

    /// All series that there can be with values of the sets.
    var knownSeries: [[String]] {
        labels.reduce([[]]) { series, label in series.flatMap { begun in label.values.map { begun + [$0] } } }
    }
}

/// Upper bounds of histograms, in seconds.
public enum MetricBounds {
    /// Statements, waits for a connection, requests that are answered here.
    public static let quick: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
    /// Answers from Strava: most take 0.1 to 1 s, and a request is given up after 30 s.
    public static let network: [Double] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
    /// Waits for quota: none, moments, up to the end of the quarter hour, up to the end of the day.
    public static let quota: [Double] = [0.1, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400]
    /// From an activity or its event to its rows: seconds when all is well, a quarter hour when the quota is spent, days in trouble.
    public static let lag: [Double] = [1, 2, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 604_800]
}
