import CoreMetrics
import TestKit
import Testing

@testable import Metering

@Suite struct MetricsRegistryTests {
    private let calls = MetricDefinition.counter("calls_total", "Calls \\ with \"quotes\"\nand lines.", .init("kind", ["a", "b\"\\\n"]))
    private let height = MetricDefinition.gauge("height_meters", "Height.")
    private let wait = MetricDefinition.histogram("wait_seconds", "Wait.", bounds: [0.5, 1, 10], .init("class", ["x"]))

    private var registry: MetricsRegistry { MetricsRegistry([calls, height, wait]) }

    @Test func `what is counted is written in Prometheus' format`() {
        let registry = registry
        let counter = CounterFamily(calls, factory: registry)
        counter.add(2, "a")
        counter.add(1, "b\"\\\n")
        GaugeFamily(height, factory: registry).set(1.5)
        let histogram = HistogramFamily(wait, factory: registry)
        for value in [0.5, 0.6, 100] { histogram.record(value, "x") }
        histogram.record(.milliseconds(250), "x")
        let text = registry.text()
        #expect(
            text == """
                # HELP calls_total Calls \\\\ with "quotes"\\nand lines.
                # TYPE calls_total counter
                calls_total{kind="a"} 2
                calls_total{kind="b\\"\\\\\\n"} 1
                # HELP height_meters Height.
                # TYPE height_meters gauge
                height_meters 1.5
                # HELP wait_seconds Wait.
                # TYPE wait_seconds histogram
                wait_seconds_bucket{class="x",le="0.5"} 2
                wait_seconds_bucket{class="x",le="1"} 3
                wait_seconds_bucket{class="x",le="10"} 3
                wait_seconds_bucket{class="x",le="+Inf"} 4
                wait_seconds_sum{class="x"} 101.35
                wait_seconds_count{class="x"} 4

                """)
        #expect(ExpositionCheck(text).faults == [])
    }

    @Test func `values from outside can't make series`() {
        let registry = registry
        let counter = CounterFamily(calls, factory: registry)
        for number in 0..<1_000 { counter.add(1, "\(number)\n# TYPE x counter") }
        counter.add()
        Counter(label: "calls_total", dimensions: [("kind", "elsewhere")], factory: registry).increment()
        let check = ExpositionCheck(registry.text())
        #expect(check.value("calls_total", ["kind": "other"]) == 1_002)
        #expect(check.samples.count == 3 && check.faults == [])
    }

    @Test func `metrics that are not defined, or in another way, are not kept`() {
        let registry = MetricsRegistry([height])
        Counter(label: "theirs", factory: registry).increment()
        Counter(label: "height_meters", factory: registry).increment()
        Meter(label: "height_meters", dimensions: [("of", "tree")], factory: registry).set(2)
        Recorder(label: "height_meters", factory: registry).record(3)
        Timer(label: "wait_seconds", factory: registry).recordNanoseconds(1)
        #expect(registry.text() == "")
    }

    @Test func `few series are there before the first event, and a value that is not known is not`() {
        let registry = registry
        _ = CounterFamily(calls, factory: registry)
        let gauge = GaugeFamily(height, factory: registry)
        #expect(registry.text().contains("calls_total{kind=\"a\"} 0\n") && !registry.text().contains("height"))
        gauge.set(7)
        #expect(registry.text().contains("height_meters 7\n"))
        gauge.clear()
        #expect(!registry.text().contains("height"))
    }

    @Test func `a gauge of many series sets those that are not named to 0`() {
        let registry = MetricsRegistry([MetricDefinition.gauge("rows", "Rows.", .init("state", ["a", "b"]))])
        let gauge = GaugeFamily(MetricDefinition.gauge("rows", "Rows.", .init("state", ["a", "b"])), factory: registry)
        gauge.setAll([["a"]: 3])
        gauge.setAll([["b"]: 4, ["c"]: 5])
        let check = ExpositionCheck(registry.text())
        #expect(check.value("rows", ["state": "a"]) == 0 && check.value("rows", ["state": "b"]) == 4 && check.samples.count == 2)
    }

    @Test func `counters only rise`() {
        let registry = registry
        let counter = Counter(label: "calls_total", dimensions: [("kind", "a")], factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.reset()
        FloatingPointCounter(label: "calls_total", dimensions: [("kind", "a")], factory: registry).increment(by: 0.25)
        #expect(ExpositionCheck(registry.text()).value("calls_total", ["kind": "a"]) == 5.25)
    }

    @Test func `nothing is lost when many count at once`() async {
        let registry = registry
        let (counter, histogram) = (CounterFamily(calls, factory: registry), HistogramFamily(wait, factory: registry))
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.add(1, "a")
                        histogram.record(1, "x")
                    }
                }
            }
        }
        let check = ExpositionCheck(registry.text())
        #expect(check.value("calls_total", ["kind": "a"]) == 80_000)
        #expect(check.value("wait_seconds_count", ["class": "x"]) == 80_000 && check.value("wait_seconds_sum", ["class": "x"]) == 80_000)
    }

    @Test(arguments: [
        "a_total 1\n", "# HELP a_total A.\n# TYPE a_total counter\na_total 1", "# HELP a A.\n# TYPE a counter\na 1\n",
        "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"1\"} 1\na_total{x=\"1\"} 2\n",
        "# HELP a_total A.\n# TYPE a_total counter\na_total{x=\"\n\"} 1\n", "# HELP a_ms A.\n# TYPE a_ms gauge\na_ms 1\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n",
    ])
    func `the check itself finds faults`(text: String) {
        #expect(ExpositionCheck(text).faults != [])
    }
}
