import Core
import Database
import Foundation
import OwnData

/// A tool for each question of `sql/dashboards`.
enum QuestionTools {
    /// Questions whose answers are places.
    private static let ofPlaces: Set<String> = ["heat_map"]

    /// - Parameter folder: `sql/dashboards`.
    /// - Throws: `AssistantError`.
    static func read(_ folder: URL) throws -> [Tool] {
        let files: [(name: String, text: String)]
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sql") }.sorted()
            files = try names.map { (String($0.dropLast(4)), try String(contentsOf: folder.appending(path: $0), encoding: .utf8)) }
        } catch { throw AssistantError.unreadableQuestions(folder.path) }
        return try files.map { tool(try QuestionFile(name: $0.name, text: $0.text)) }
    }

    private static func tool(_ file: QuestionFile) -> Tool {
        let question = file.question.prefix(1).uppercased() + file.question.dropFirst()
        return Tool(
            name: file.name, title: question, description: "\(question) Returns \(file.columns)",
            arguments: file.variables.map(argument), needsPlaces: ofPlaces.contains(file.name)
        ) { call in
            let given = file.variables.map { variable in
                switch argument(variable).kind {
                case .integer: SQLParameter(call.arguments.integer(variable.name) ?? 0)
                case .number: SQLParameter(call.arguments.number(variable.name) ?? 0)
                case .text, .words: SQLParameter(call.arguments.text(variable.name) ?? "")
                }
            }
            return ToolResult(try await call.rows(SQL(raw: file.statement, parameters: [SQLParameter(call.athlete.rawValue)] + given)))
        }
    }

    private static func argument(_ variable: QuestionFile.Variable) -> ToolArgument {
        if variable.isText {
            return ToolArgument(
                name: variable.name, kind: .text(words: variable.words), remark: variable.remark ?? variable.name, isRequired: true)
        }
        if variable.name == "activity_id" { return .activity }
        return ToolArgument(name: variable.name, kind: .number, remark: variable.remark ?? variable.name, isRequired: true)
    }
}

extension ToolArgument {
    /// The activity that a tool is about.
    static let activity = ToolArgument(
        name: "activity_id", kind: .integer(1...(.max)), remark: "Number of the activity, from list_activities or a query.",
        isRequired: true)
}
