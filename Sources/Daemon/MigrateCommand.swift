import ArgumentParser
import Database
import Logging

/// `fitnessd migrate`: brings the database's tables up to this program's version.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's tables up to this program's version.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let configuration = try common.configuration()
        let logger = Logging.bootstrap(configuration, output: .shared)
        let store = try await DataStore.open(configuration, logger: logger)
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
