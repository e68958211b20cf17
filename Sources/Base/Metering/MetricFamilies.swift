import CoreMetrics
import Synchronization

/// The series of one metric, made when they are first needed and kept.
private final class SeriesCache<Handle: Sendable>: Sendable {
    private let definition: MetricDefinition
    private let make: @Sendable ([(String, String)]) -> Handle
    private let handles = Mutex<[[String]: Handle]>([:])

    /// Few series are there from the start, so that a rate can be computed from the first event on.
    private static var madeAtOnceMax: Int { 16 }

    init(_ definition: MetricDefinition, make: @escaping @Sendable ([(String, String)]) -> Handle) {
        self.definition = definition
        self.make = make
        let known = definition.knownSeries
        if known.count <= Self.madeAtOnceMax { for values in known { _ = handle(values) } }
    }

    func handle(_ values: [String]) -> Handle {
        if let handle = handles.withLock({ $0[values] }) { return handle }
        let dimensions = definition.dimensions(values)
        let key = dimensions.map(\.1)
        return handles.withLock { handles in
            if let handle = handles[key] { return handle }
            let handle = make(dimensions)
            handles[key] = handle
            return handle
        }
    }
}

/// A counter with its labels.
public struct CounterFamily: Sendable {
    private let series: SeriesCache<Counter>

    public init(_ definition: MetricDefinition, factory: any MetricsFactory = MetricsSystem.factory) {
        series = SeriesCache(definition) { Counter(label: definition.name, dimensions: $0, factory: factory) }
    }

    /// - Parameter values: of the labels, in the order of the definition.
    public func add(_ count: Int = 1, _ values: String...) { series.handle(values).increment(by: count) }
}

/// A gauge with its labels.
public struct GaugeFamily: Sendable {
    private let series: SeriesCache<Meter>
    private let definition: MetricDefinition

    public init(_ definition: MetricDefinition, factory: any MetricsFactory = MetricsSystem.factory) {
        self.definition = definition
        series = SeriesCache(definition) { Meter(label: definition.name, dimensions: $0, factory: factory) }
    }

    public func set(_ value: Int, _ values: String...) { series.handle(values).set(value) }

    /// - Parameter value: nil: it is not known now, and the series is not exposed until it is set again.
    public func set(_ value: Double?, _ values: String...) { series.handle(values).set(value ?? .nan) }

    public func set(_ value: Bool, _ values: String...) { series.handle(values).set(value ? 1 : 0) }

    /// Sets all series with values of the labels' sets: those that `values` has not become 0.
    public func setAll(_ values: [[String]: Int]) {
        for known in definition.knownSeries { series.handle(known).set(values[known] ?? 0) }
    }

    /// Nothing is known now.
    public func clear() {
        for known in definition.knownSeries { series.handle(known).set(Double.nan) }
    }
}

/// A histogram with its labels.
public struct HistogramFamily: Sendable {
    private let series: SeriesCache<Recorder>

    public init(_ definition: MetricDefinition, factory: any MetricsFactory = MetricsSystem.factory) {
        series = SeriesCache(definition) { Recorder(label: definition.name, dimensions: $0, aggregate: true, factory: factory) }
    }

    /// - Parameter value: in the unit that the name ends with.
    public func record(_ value: Double, _ values: String...) { series.handle(values).record(value) }

    /// Records a time in seconds.
    public func record(_ time: Duration, _ values: String...) {
        let (seconds, attoseconds) = time.components
        series.handle(values).record(Double(seconds) + Double(attoseconds) / 1e18)
    }
}
