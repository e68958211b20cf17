import ArgumentParser
import Core
import Foundation
import Logging

/// `fitnessd run`: the daemon itself.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs the daemon until it is told to stop (SIGTERM, Ctrl-C).")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Run the demo: made-up athletes on a simulated Strava (strava-simulator).")
    var demo = false

    func run() async throws {
        let output = LogOutput.shared
        var configuration = try common.configuration()
        let isDemo = try configuration.isDemo(asked: demo)
        let console = Console(output: output)
        if isDemo {
            configuration = configuration.demo()
            // The display says what happens; a log line for each turn would only hide it.
            if configuration.logLevel == .info, configuration.logFormat == .console { configuration.logLevel = .notice }
            console.say(demo ? Self.askedDemo : Self.impliedDemo)
        }
        let logger = Logging.bootstrap(configuration, output: output)
        let stop = Stop(logger: logger) { output.flush() }
        stop.watchSignals()
        // A task of its own, so that a stop can cancel it: a start that waits for a database, say.
        let life = Task { [configuration] in
            try await Self.live(configuration, isDemo: isDemo, console: console, stop: stop, logger: logger)
        }
        stop.setSteps(Stop.Steps(begin: { life.cancel() }))
        try await life.value
    }

    private static func live(
        _ configuration: Configuration, isDemo: Bool, console: Console, stop: Stop, logger: Logger
    ) async throws {
        let daemon: Daemon
        do {
            daemon = try await Daemon.build(configuration, isDemo: isDemo, console: console, logger: logger)
        } catch  where stop.hasBegun {
            return console.say("stopped before it was ready")
        }
        let services = Task { try await daemon.run(stop) }
        let result = await services.result
        // In a task that nobody has cancelled: what is given back here must not be cut short.
        await Task { await daemon.close(stop) }.value
        try result.get()
        console.say("stopped cleanly")
    }

    private static let askedDemo = "demo: made-up athletes on a local Strava; no request leaves this machine."
    private static let impliedDemo = """
        No Strava credentials are configured (FITNESSD_STRAVA_CLIENT_ID, FITNESSD_STRAVA_CLIENT_SECRET), so this is the demo:
        made-up athletes on a local Strava, through the same code as production; no request leaves this machine.
        """
}
