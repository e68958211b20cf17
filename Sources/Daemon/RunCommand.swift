import ArgumentParser
import Core
import Foundation
import Logging
import Metering

/// `fitnessd run`: the daemon itself.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run the daemon until it is told to stop (SIGTERM, Ctrl-C).")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Run the demo: made-up athletes on a simulated Strava (strava-simulator).")
    var demo = false

    func run() async throws {
        let output = LogOutput.shared
        // Before anything is made that counts.
        let metrics = MetricCatalog.start()
        let source = try common.source()
        let given = try Configuration(source)
        let isDemo = try given.isDemo(asked: demo)
        let configuration = isDemo ? given.demo() : given
        let console = Console(output: output)
        if isDemo { console.print(demo ? Self.askedDemo : Self.impliedDemo) }
        let logger = LoggingSystem.start(configuration, output: output)
        let stop = Stop(logger: logger) { output.flush() }
        stop.watchSignals()
        let start = DaemonStart(
            configuration: configuration, isDemo: isDemo, source: source, isDemoAsked: demo,
            readSettings: { [path = common.config] in try ConfigurationSource(path: path) }, console: console, stop: stop, logger: logger,
            metrics: metrics)
        // A task of its own, so that a stop can cancel it, for instance while it waits for a database.
        let daemon = Task { try await Self.run(start) }
        stop.setSteps(Stop.Steps(begin: { daemon.cancel() }))
        try await daemon.value
    }

    private static func run(_ start: DaemonStart) async throws {
        let daemon: Daemon
        do {
            daemon = try await Daemon.build(start)
        } catch  where start.stop.hasBegun {
            return start.console.print("stopped before it was ready")
        }
        let services = Task { try await daemon.run() }
        let result = await services.result
        // In a task that nobody has cancelled, so that everything can be closed in order.
        await Task { await daemon.close() }.value
        try result.get()
        if let notice = start.notices.current.first(where: { $0.code == .steppingBack }) { throw SteppedBack(description: notice.text) }
        start.console.print("stopped cleanly")
    }

    private static let askedDemo = "demo: made-up athletes on a local Strava; no request leaves this machine."
    private static let impliedDemo = """
        No Strava credentials are configured (FITNESSD_STRAVA_CLIENT_ID, FITNESSD_STRAVA_CLIENT_SECRET), so this is the demo:
        made-up athletes on a local Strava, through the same code as production; no request leaves this machine.
        """
}
