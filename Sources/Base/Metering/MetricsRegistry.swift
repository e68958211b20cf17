import CoreMetrics
import Synchronization

/// Keeps what is counted through swift-metrics, for the metrics that are defined and no others, and writes it in Prometheus' text format
/// (version 0.0.4). A metric that a library counts by itself is not kept.
public final class MetricsRegistry: MetricsFactory, Sendable {
    private enum Series: Sendable {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    private let definitions: [MetricDefinition]
    private let byName: [String: MetricDefinition]
    /// By the metric's name, then by its labels as they are written.
    private let series = Mutex<[String: [String: Series]]>([:])

    /// - Parameter definitions: names are unique.
    public init(_ definitions: [MetricDefinition]) {
        self.definitions = definitions
        byName = Dictionary(definitions.map { ($0.name, $0) }) { first, _ in first }
    }

    /// All metrics that have a value, in the order of their definitions.
    public func text() -> String {
        let all = series.withLock { $0 }
        var text = ""
        for definition in definitions {
            let samples = (all[definition.name] ?? [:]).sorted { $0.key < $1.key }
                .map { Self.samples(of: definition.name, $0.key, $0.value) }.joined()
            if samples.isEmpty { continue }
            text +=
                "# HELP \(definition.name) \(Self.escapedLine(definition.help))\n# TYPE \(definition.name) \(Self.type(definition.kind))\n"
            text += samples
        }
        return text
    }

    private static func type(_ kind: MetricDefinition.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private static func samples(of name: String, _ labels: String, _ series: Series) -> String {
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        switch series {
        case .counter(let counter): return "\(name)\(braced) \(number(counter.value))\n"
        case .gauge(let gauge): return gauge.value.map { "\(name)\(braced) \(number($0))\n" } ?? ""
        case .histogram(let histogram):
            let (buckets, sum, count) = histogram.values
            let before = labels.isEmpty ? "" : labels + ","
            let lines = buckets.map { "\(name)_bucket{\(before)le=\"\(number($0.bound))\"} \($0.count)\n" }.joined()
            return lines + "\(name)_sum\(braced) \(number(sum))\n\(name)_count\(braced) \(count)\n"
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escapedLine(_ text: String) -> String { text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n") }

    /// A label's value stands between quotes.
    private static func escaped(_ text: String) -> String { escapedLine(text).replacing("\"", with: "\\\"") }

    // MARK: Series

    /// The series with these labels; nil when no such metric is defined. `make` is called under the lock.
    private func series(
        _ name: String, _ dimensions: [(String, String)], _ make: (MetricDefinition.Kind) -> Series?
    ) -> Series? {
        guard let definition = byName[name], definition.labels.map(\.name) == dimensions.map(\.0) else { return nil }
        let labels = definition.dimensions(dimensions.map(\.1)).map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",")
        return series.withLock { series in
            if let known = series[name]?[labels] { return known }
            let made = make(definition.kind)
            series[name, default: [:]][labels] = made
            return made
        }
    }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries? {
        let found = series(label, dimensions) { $0 == .counter ? .counter(CounterSeries()) : nil }
        if case .counter(let counter) = found { return counter }
        return nil
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries? {
        let found = series(label, dimensions) { kind in
            if case .histogram(let bounds) = kind { .histogram(HistogramSeries(bounds)) } else { nil }
        }
        if case .histogram(let histogram) = found { return histogram }
        return nil
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        if case .gauge(let gauge) = series(label, dimensions, { $0 == .gauge ? .gauge(GaugeSeries()) : nil }) { return gauge }
        return NOOPMetricsHandler.instance
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        histogram(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    // A series lives as long as the process: there are few, and a counter must not begin anew.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}

/// A number that only rises.
private final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<Int64>(0)
    private let fraction = Mutex<Double>(0)

    var value: Double { Double(whole.load(ordering: .relaxed)) + fraction.withLock { $0 } }

    func increment(by amount: Int64) {
        if amount > 0 { whole.wrappingAdd(amount, ordering: .relaxed) }
    }

    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { fraction.withLock { $0 += amount } }
    }

    /// A counter that goes back means to Prometheus that the process was restarted: it never does.
    func reset() {}
}

/// A number that rises and falls; not a number: nothing is known.
private final class GaugeSeries: MeterHandler {
    private let latest = Mutex<Double>(.nan)

    var value: Double? {
        let value = latest.withLock { $0 }
        return value.isNaN ? nil : value
    }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { latest.withLock { $0 = value } }

    func increment(by amount: Double) { latest.withLock { $0 = ($0.isNaN ? 0 : $0) + amount } }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// Values by the bounds that they don't exceed.
private final class HistogramSeries: RecorderHandler, TimerHandler {
    private struct State {
        /// Of the values between two bounds, the last beyond all.
        var counts: [Int]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: [Int](repeating: 0, count: bounds.count + 1)))
    }

    /// The counts up to each bound and up to infinity, the sum of the values, and how many there are.
    var values: (buckets: [(bound: Double, count: Int)], sum: Double, count: Int) {
        let state = state.withLock { $0 }
        var total = 0
        let buckets = zip(bounds + [.infinity], state.counts).map { bound, count in
            total += count
            return (bound, total)
        }
        return (buckets, state.sum, total)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        if value.isNaN { return }
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[place] += 1
            state.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
