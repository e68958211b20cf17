import ArgumentParser
import Database
import Logging

/// `fitnessd migrate`: applies the migrations that the database lacks.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database up to this program's version.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let configuration = try common.configuration()
        let logger = LoggingSystem.start(configuration, output: .shared)
        let shareDirectory = try Preflight(configuration: configuration, isDemo: false).shareDirectory()
        let applied = try await DataStore.with(configuration, shareDirectory: shareDirectory, logger: logger) { try await $0.migrate() }
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("nothing to do: the database is up to date") }
    }
}
