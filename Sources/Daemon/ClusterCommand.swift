import ArgumentParser
import ControlAPI
import EmbeddedPostgres
import Foundation

/// `fitnessd cluster`: the private PostgreSQL clusters of this machine.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster", abstract: "List the private PostgreSQL clusters of this machine, and remove orphaned ones.",
        discussion: """
            Run as root, fitnessd keeps the cluster of a state directory that PostgreSQL's account can't reach in /var/lib/fitnessd-postgres. Such a \
            cluster stays when the state directory is removed: it is orphaned. Root sees all clusters, other accounts those of their own state directory.
            """,
        subcommands: [ClusterListCommand.self, ClusterRemoveCommand.self], defaultSubcommand: ClusterListCommand.self)
}

/// `fitnessd cluster list`.
struct ClusterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List clusters: state directory, version, size, whether they run or are orphaned. Changes nothing.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print one JSON object per line instead of text.")
    var json = false

    func run() async throws {
        let entries = try ClusterInventory(stateDirectory: common.stateDirectory()).list()
        if json {
            for entry in entries { print(String(decoding: try ControlJSON.encode(ClusterMessage(entry)), as: UTF8.self)) }
        } else {
            print(entries.isEmpty ? "there is no private cluster" : entries.map(ClusterText.lines).joined(separator: "\n"))
        }
    }
}

/// `fitnessd cluster remove NAME`.
struct ClusterRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an orphaned cluster with all its data.",
        discussion: """
            Shows the cluster and asks for its name; without a terminal, --yes is required. A cluster that runs, or whose state directory is there, \
            is never removed. If the state directory is on a disk that is not mounted, mount it first.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Don't ask.")
    var yes = false

    @Argument(help: "The cluster's name, as `fitnessd cluster list` shows it.")
    var name: String

    func run() async throws {
        let inventory = try ClusterInventory(stateDirectory: common.stateDirectory())
        let entry = try inventory.removable(name)
        print(ClusterText.lines(entry))
        if !yes { try confirm() }
        try await inventory.remove(name)
        print("removed \(name)")
    }

    private func confirm() throws {
        guard isatty(STDIN_FILENO) == 1 else { throw ValidationError("This deletes all data of the cluster: add --yes.") }
        print("To remove it with all its data, type its name:")
        guard readLine()?.trimmingCharacters(in: .whitespaces) == name else { throw ConfigurationError("nothing was removed") }
    }
}

extension CommonOptions {
    /// Without a slash at its end.
    fileprivate func stateDirectory() throws -> String { StateDirectory(try configuration().stateDirectory).path }
}

/// A cluster in JSON; fields without a value are absent.
private struct ClusterMessage: Encodable {
    let name: String?
    let path: String
    let stateDirectory: String?
    let state: String
    let version: String?
    let running: Bool
    let bytes: Int64
    let startedAt: Date?

    init(_ entry: ClusterInventory.Entry) {
        name = entry.name
        path = entry.path
        stateDirectory = entry.stateDirectory
        state = entry.belonging.rawValue
        version = entry.major
        running = entry.isRunning
        bytes = entry.bytes
        startedAt = entry.startedAt
    }

    enum CodingKeys: String, CodingKey {
        case name, path, state, version, running, bytes
        case stateDirectory = "state_directory"
        case startedAt = "started_at"
    }
}

private enum ClusterText {
    /// Three lines of a cluster.
    static func lines(_ entry: ClusterInventory.Entry) -> String {
        let version = entry.major.map { "PostgreSQL \($0)" } ?? "not complete"
        let size = "\(max(1, entry.bytes / 1_000_000)) MB"
        let started =
            entry.startedAt.map { "last started \(ControlTime.text($0).prefix(16).replacing("T", with: " ")) UTC" } ?? "never started"
        return """
            \(entry.name ?? "(in its state directory)"): \(state(entry))\(entry.isRunning ? ", running" : "")
              state directory  \(entry.stateDirectory.map(PlainText.of) ?? "not known")
              cluster          \(PlainText.of(entry.path)), \(version), \(size), \(started)
            """
    }

    private static func state(_ entry: ClusterInventory.Entry) -> String {
        switch entry.belonging {
        case .used: "in use"
        case .orphaned: "orphaned"
        case .unknown: "owner not known"
        }
    }
}
