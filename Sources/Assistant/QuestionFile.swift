import Core
import Database

/// A question to silver in a file of `sql/dashboards`: what its header says, and its statement.
struct QuestionFile: Sendable {
    /// A psql variable of the statement that a client gives.
    struct Variable: Sendable {
        let name: String
        let isText: Bool
        /// What the header says of it; nil: nothing.
        let remark: String?
        /// The words that it may be; nil: any.
        let words: [String]?
    }

    let name: String
    /// A sentence.
    let question: String
    /// What is returned.
    let columns: String
    let variables: [Variable]
    /// With `$1` for the athlete, then one parameter for each variable.
    let statement: String

    /// - Throws: `AssistantError` when the file is not as `sql/dashboards/README.md` describes.
    init(name: String, text: String) throws {
        let head = try Self.head(of: text, name)
        let parsed: SQLTokens
        do { parsed = try SQLTokens(text) } catch { throw AssistantError.malformedFile(name) }
        var used: [(name: String, isText: Bool)] = []
        for case .variable(let variable, let isText) in parsed.tokens where variable != "athlete_id" {
            if !used.contains(where: { $0.name == variable }) { used.append((variable, isText)) }
        }
        let remarks = Self.remarks(head.input)
        let variables = used.sorted { $0.name < $1.name }.map { variable in
            Variable(
                name: variable.name, isText: variable.isText, remark: remarks[variable.name] ?? nil,
                words: variable.isText ? (remarks[variable.name] ?? nil).flatMap(Self.words) : nil)
        }
        self.name = name
        question = head.question
        columns = head.output
        self.variables = variables
        statement = Self.bound(text, parsed, variables.map(\.name))
    }

    // MARK: The header

    private static func head(of text: String, _ name: String) throws -> (question: String, input: String, output: String) {
        var parts: [String: String] = [:]
        var last: String?
        for line in text.split(separator: "\n").prefix(while: { $0.hasPrefix("--") }) {
            if let match = line.wholeMatch(of: /-- (Question|In|Out|Reads): +(.*)/) {
                last = String(match.1)
                parts[String(match.1)] = String(match.2)
            } else if let last {
                parts[last, default: ""] += " " + line.drop { $0 == "-" || $0 == " " }
            }
        }
        guard let question = parts["Question"], let input = parts["In"], let output = parts["Out"] else {
            throw AssistantError.malformedFile(name)
        }
        return (question, input, output)
    }

    /// `athlete_id, sport_family (run, ride, …), at_least (a number …)`: the names, and what stands in parentheses.
    private static func remarks(_ input: String) -> [String: String?] {
        var found: [String: String?] = [:]
        for match in input.matches(of: /([a-z_]+)(?: \(([^)]*)\))?(?:, |\.$)/) { found[String(match.1)] = match.2.map(String.init) }
        return found
    }

    /// The words of a list that is complete: `a, b or c`.
    private static func words(_ remark: String) -> [String]? {
        let words = remark.replacing(" or ", with: ", ").split(separator: ", ").map(String.init)
        return words.count > 1 && words.allSatisfy({ $0.wholeMatch(of: /[a-z0-9_]+/) != nil }) ? words : nil
    }

    // MARK: The statement

    private static func bound(_ text: String, _ parsed: SQLTokens, _ names: [String]) -> String {
        let scalars = text.unicodeScalars
        var (out, place) = ("", scalars.startIndex)
        for (token, range) in zip(parsed.tokens, parsed.ranges) {
            guard case .variable(let name, let isText) = token else { continue }
            let number = names.firstIndex(of: name).map { $0 + 2 } ?? 1
            out += String(scalars[place..<range.lowerBound]) + "$\(number)" + (isText ? "::text" : "")
            place = range.upperBound
        }
        out += String(scalars[place...])
        return String(out.trimmingSuffix { $0.isWhitespace || $0 == ";" })
    }
}

extension String {
    fileprivate func trimmingSuffix(while isPart: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, isPart(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
