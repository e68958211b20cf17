import ArgumentParser
import Database
import Logging

/// `fitnessd migrate`: brings the database's tables up to this program's version.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Brings the database's tables up to this program's version.")

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "Divides the large tables into so many partitions by athlete, 2 to 1024, with all they hold; see db/README.md.",
            valueName: "count"))
    var partitions: Int?

    func validate() throws {
        if let partitions, !Migrator.partitionCounts.contains(partitions) {
            throw ValidationError("--partitions must be a whole number from 2 to 1024")
        }
    }

    func run() async throws {
        let configuration = try common.configuration()
        let logger = Logging.bootstrap(configuration, output: LogOutput())
        let store = try await DataStore.open(configuration, logger: logger)
        do {
            let applied = try await store.migrate()
            for name in applied { print("applied \(name)") }
            let divided = if let partitions { try await store.partition(into: partitions) } else { [String]() }
            for name in divided { print("divided \(name) into \(partitions ?? 0) partitions") }
            if applied.isEmpty, divided.isEmpty { print("nothing to do: the database is up to date") }
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
