/// Reads Prometheus' text format (version 0.0.4) as strictly as promtool, and what its linter wants of names.
public struct ExpositionCheck {
    /// A line with a value.
    public struct Sample: Equatable, Sendable {
        public let name: String
        public let labels: [String: String]
        public let value: Double
    }

    public private(set) var samples: [Sample] = []
    /// What is wrong, with the line.
    public private(set) var faults: [String] = []
    private var kinds: [String: String] = [:]
    private var helped: Set<String> = []
    private var series: Set<String> = []

    public init(_ text: String) {
        if !text.isEmpty, !text.hasSuffix("\n") { faults.append("the last line does not end") }
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) { read(String(line)) }
        checkNames()
        checkHistograms()
    }

    /// The value of the one series with these labels.
    public func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    /// The sum of all series of a name.
    public func sum(_ name: String) -> Double { samples.filter { $0.name == name }.reduce(0) { $0 + $1.value } }

    public var names: Set<String> { Set(kinds.keys) }

    private mutating func read(_ line: String) {
        if let match = line.wholeMatch(of: #/# HELP ([a-z_:][a-z0-9_:]*) (\S.*)/#) {
            if !helped.insert(String(match.1)).inserted { faults.append("second help: \(line)") }
        } else if let match = line.wholeMatch(of: #/# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|histogram)/#) {
            let name = String(match.1)
            if kinds[name] != nil || !helped.contains(name) { faults.append("type without help, or twice: \(line)") }
            kinds[name] = String(match.2)
        } else {
            readSample(line)
        }
    }

    private mutating func readSample(_ line: String) {
        guard let match = line.wholeMatch(of: #/([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (\S+)/#), let value = Self.number(match.3),
            let labels = Self.labels(match.2.map(String.init) ?? "")
        else { return faults.append("not a sample: \(line)") }
        if !series.insert("\(match.1){\(match.2 ?? "")}").inserted { faults.append("twice: \(line)") }
        samples.append(Sample(name: String(match.1), labels: labels, value: value))
        if kinds[Self.family(String(match.1), kinds)] == nil { faults.append("no type: \(line)") }
    }

    private static func number(_ text: Substring) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: Double(text)
        }
    }

    /// Nil: not well-formed.
    private static func labels(_ text: String) -> [String: String]? {
        var labels: [String: String] = [:]
        var rest = text[...]
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: #/([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/#), labels[String(match.1)] == nil
            else { return nil }
            labels[String(match.1)] = String(match.2)
            rest = rest[match.range.upperBound...]
            if match.3 == ",", rest.isEmpty { return nil }
        }
        return labels
    }

    /// The name under which a sample's metric has its type.
    private static func family(_ name: String, _ kinds: [String: String]) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let base = String(name.dropLast(suffix.count))
            if kinds[base] == "histogram" { return base }
        }
        return name
    }

    private mutating func checkNames() {
        for (name, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            if (kind == "counter") != name.hasSuffix("_total") { faults.append("counters, and nothing else, end in _total: \(name)") }
            if kind != "histogram", ["_count", "_sum", "_bucket", "_info_total"].contains(where: name.hasSuffix) {
                faults.append("a suffix of histograms: \(name)")
            }
            let words = name.split(separator: "_")
            let unwanted = [
                "ms", "milliseconds", "minutes", "hours", "days", "kb", "kilobytes", "percent", "gauge", "counter", "histogram",
            ]
            if words.contains(where: { unwanted.contains(String($0)) }) { faults.append("not a base unit, or a type in the name: \(name)") }
        }
    }

    private mutating func checkHistograms() {
        for name in kinds.filter({ $0.value == "histogram" }).keys.sorted() {
            for count in samples where count.name == name + "_count" {
                let buckets = samples.filter { sample in
                    sample.name == name + "_bucket" && sample.labels.filter { $0.key != "le" } == count.labels
                }
                let bounds = buckets.map { Self.number(Substring($0.labels["le"] ?? "")) ?? .nan }
                if bounds != bounds.sorted() || bounds.last != .infinity { faults.append("bounds: \(name) \(count.labels)") }
                if buckets.map(\.value) != buckets.map(\.value).sorted() || buckets.last?.value != count.value {
                    faults.append("counts: \(name) \(count.labels)")
                }
                if value(name + "_sum", count.labels) == nil { faults.append("no sum: \(name) \(count.labels)") }
            }
        }
    }
}
