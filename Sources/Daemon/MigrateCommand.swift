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
        let store = try await DataStore.open(
            configuration, shareDirectory: Preflight(configuration: configuration, isDemo: false).shareDirectory(), logger: logger)
        do {
            let applied = try await store.migrate()
            for name in applied { print("applied \(name)") }
            if applied.isEmpty { print("nothing to do: the database is up to date") }
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
