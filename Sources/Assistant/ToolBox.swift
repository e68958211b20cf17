import Core
import Database
import OwnData

/// The tools, and what callers may see through them.
struct ToolBox: Sendable {
    private let reader: AthleteReader
    private let access: ModelAccess
    private let tools: [Tool]

    init(reader: AthleteReader, access: ModelAccess, tools: [Tool]) {
        self.reader = reader
        self.access = access
        self.tools = tools
    }

    func list(for asker: AssistantServer.Asker) -> JSONNode {
        .array(tools.filter { !$0.needsPlaces || asker.showsPlaces }.map(\.listed))
    }

    /// Nil: there is none of this name for this caller.
    func tool(_ name: String, for asker: AssistantServer.Asker) -> Tool? {
        tools.first { $0.name == name && (!$0.needsPlaces || asker.showsPlaces) }
    }

    func run(_ tool: Tool, _ given: [String: JSONNode], for asker: AssistantServer.Asker) async throws -> ToolResult {
        let call = ToolCall(
            athlete: asker.athlete, reader: reader.seeing(ReaderSight(places: asker.showsPlaces, apiRows: access == .all)),
            showsPlaces: asker.showsPlaces, arguments: try ToolArguments(given, for: tool.arguments))
        var result: ToolResult
        do { result = try await tool.run(call) } catch let fault as ToolFault where fault.mayBeHidden {
            guard let note = try await hiddenNote(for: asker.athlete) else { throw fault }
            throw ToolFault(fault.sentence + " " + note)
        }
        if let note = try await hiddenNote(for: asker.athlete) { result.notes.append(note) }
        return result
    }

    var instructions: String {
        """
        Training data of one athlete in PostgreSQL's schema silver: activities, laps, point series, load, zones, records. Columns are in the unit that \
        their name ends with. Begin with describe_schema, or with the tool whose question fits; use query for all others. Everything is read-only.
        """ + (access == .all ? "" : " " + Self.policy)
    }

    // MARK: What is left out

    private static let policy = """
        Data from Strava's API is not shown to models here, because Strava's API policy forbids it and the operator has not set \
        FITNESSD_MODEL_ACCESS=all; that includes profile, gear and thresholds, and all that is made from them.
        """

    /// Nil: nothing is left out.
    private func hiddenNote(for athlete: AthleteID) async throws -> String? {
        if access == .all { return nil }
        let count = try await reader.read(athlete) {
            try await $0.query("SELECT count(*) FROM silver.activity WHERE athlete_id = \(athlete) AND source_id = 1").first?.decode(
                Int64.self)
        }
        let activities = count == 1 ? "1 activity from Strava's API is" : "\(count ?? 0) activities from Strava's API are"
        return "\(activities) not shown. \(Self.policy)"
    }
}
