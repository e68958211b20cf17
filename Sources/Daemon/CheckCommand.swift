import ArgumentParser
import ControlServer
import Core
import Database
import Foundation
import Logging

/// `fitnessd check`: validates the configuration, reaches each part, and says of each what is wrong and what to do.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Says what `run` would do with these settings, and what stands in its way.",
        discussion:
            "Changes nothing. Give it the environment and the account of the service, or it checks other settings than the service has.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Check what `run --demo` needs.")
    var demo = false

    func run() async throws {
        let findings = CheckFindings()
        do {
            let given = try common.configuration()
            let isDemo = try given.isDemo(asked: demo)
            let configuration = isDemo ? given.demo() : given
            let logger = Logging.bootstrap(configuration, output: .shared)
            print("ok    configuration: \(Self.intention(configuration, isDemo: isDemo))")
            await Checks(configuration: configuration, isDemo: isDemo, findings: findings, logger: logger).run()
        } catch let error as ConfigurationError {
            for sentence in error.sentences { findings.wrong("configuration", sentence) }
        }
        if findings.count > 0 { throw ExitCode(1) }
    }

    private static func intention(_ configuration: Configuration, isDemo: Bool) -> String {
        let database = configuration.databaseURL == nil ? "a private PostgreSQL" : "the database of FITNESSD_DATABASE_URL"
        return "`fitnessd run` would run \(isDemo ? "the demo, with made-up athletes" : "the daemon"), with \(database)"
    }
}

/// Prints what was found, and counts what is wrong.
final class CheckFindings {
    private(set) var count = 0

    func wrong(_ part: String, _ sentence: String) {
        count += 1
        print("WRONG \(part): \(sentence)")
    }

    func check(_ part: String, _ body: () async throws -> String, isolation: isolated (any Actor)? = #isolation) async {
        do { print("ok    \(part): \(try await body())") } catch { wrong(part, "\(error)") }
    }
}
