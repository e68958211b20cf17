import ControlAPI
import ControlServer
import CoreMetrics
import Database
import Foundation
import Gateway
import Governor
import Identity
import Metering
import StravaAPI
import Sync
import Synchronization
import Vault
import Warehouse

/// All metrics of the daemon, in the order in which they are exposed. docs/metrics.md lists them; a test compares.
enum MetricCatalog {
    static let all =
        DaemonMeters.definitions + GovernorMeters.definitions + StravaMeters.definitions + VaultMeters.definitions
        + SyncMeters.definitions + WarehouseMeters.definitions + PoolMeters.definitions + GatewayMeters.definitions
        + IdentityMeters.definitions + ControlMeters.definitions

    /// Makes swift-metrics count in the registry that is returned; once for the process.
    static func start() -> MetricsRegistry {
        let registry = MetricsRegistry(all)
        MetricsSystem.bootstrap(registry)
        return registry
    }
}

/// What is counted of the process. The names without the program's are those that Prometheus' client libraries use for every process.
struct DaemonMeters: Sendable {
    static let definitions = [
        buildInfo, silverStopped, droppedLines, startTime, residentBytes, virtualBytes, cpuTime, openDescriptors, descriptorsMax,
    ]

    private static let buildInfo = MetricDefinition.gauge(
        "fitnessd_build_info", "1, with the version of the program.", .init("version", [ProductVersion.current]))
    private static let silverStopped = MetricDefinition.gauge(
        "fitnessd_silver_stopped", "1 while nothing can be transformed; fitnessctl status says why.")
    private static let droppedLines = MetricDefinition.counter(
        "fitnessd_log_lines_dropped_total", "Log lines that were dropped, because nobody read them.")
    private static let startTime = MetricDefinition.gauge("process_start_time_seconds", "Start of the process, in Unix seconds.")
    private static let residentBytes = MetricDefinition.gauge("process_resident_memory_bytes", "Memory of the process in RAM.")
    private static let virtualBytes = MetricDefinition.gauge("process_virtual_memory_bytes", "Address space of the process.")
    private static let cpuTime = MetricDefinition.counter(
        "process_cpu_seconds_total", "Processor time of the process, its own and the kernel's for it.")
    private static let openDescriptors = MetricDefinition.gauge("process_open_fds", "Open file descriptors.")
    private static let descriptorsMax = MetricDefinition.gauge("process_max_fds", "File descriptors that may be open.")

    private let build = GaugeFamily(Self.buildInfo)
    private let isSilverStopped = GaugeFamily(Self.silverStopped)
    private let dropped = CounterFamily(Self.droppedLines)
    private let start = GaugeFamily(Self.startTime)
    private let resident = GaugeFamily(Self.residentBytes)
    private let virtual = GaugeFamily(Self.virtualBytes)
    private let processor = ProcessorTime(FloatingPointCounter(label: Self.cpuTime.name))
    private let open = GaugeFamily(Self.openDescriptors)
    private let openMax = GaugeFamily(Self.descriptorsMax)
    private let startedAt = Date()

    func linesDropped(_ count: Int) { dropped.add(count) }

    /// Sets the gauges.
    func show(isSilverStopped isStopped: Bool) {
        build.set(1, ProductVersion.current)
        isSilverStopped.set(isStopped)
        start.set(startedAt.timeIntervalSince1970.rounded())
        if let (size, held) = Self.memory() {
            virtual.set(size)
            resident.set(held)
        }
        processor.show()
        // Reading the folder opens one more.
        if let all = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") { open.set(all.count - 1) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 { openMax.set(Int(clamping: limit.rlim_cur)) }
    }

    /// Bytes of address space and in RAM (proc(5), statm).
    private static func memory() -> (size: Int, held: Int)? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let pages = text.split(separator: " ").prefix(2).compactMap { Int($0) }
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        return pages.count == 2 ? (pages[0] * pageBytes, pages[1] * pageBytes) : nil
    }
}

/// Counts the process's processor time up to now, each time it is asked to.
private final class ProcessorTime: Sendable {
    private let counter: FloatingPointCounter
    private let counted_s = Mutex(0.0)

    init(_ counter: FloatingPointCounter) { self.counter = counter }

    func show() {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return }
        let now_s = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        let more_s = counted_s.withLock { counted_s in
            defer { counted_s = now_s }
            return now_s - counted_s
        }
        counter.increment(by: more_s)
    }
}
