import ArgumentParser
import ControlAPI
import Foundation

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show who asked for which change, and what became of it.",
        discussion: """
            The newest request comes first; with --json one page of the API per line. Refused requests are recorded, too. After an erasure \
            the record does not name the athlete any more.
            """)

    @OptionGroup var options: GlobalOptions

    @Option(help: "Only requests about this athlete.", completion: CompletedValues.athletes)
    var athlete: Int64?

    @OptionGroup var range: PageOptions

    func validate() throws { try AthleteArgument.check(athlete) }

    func run() async throws {
        let about = athlete.map { [(name: "athlete_id", value: String($0))] } ?? []
        let requests: [AuditMessage.RecordedRequest] = try await range.collect(
            options, pageMax: AuditMessage.pageMax, { ControlTarget(.audit, query: $0 + about) },
            { (page: AuditMessage) in (page.requests, page.nextBefore) })
        if !options.json { Terminal.print(text(requests)) }
    }

    private func text(_ requests: [AuditMessage.RecordedRequest]) -> String {
        guard !requests.isEmpty else { return "no such requests" }
        let now = Date()
        var table = TextTable(["when", "user", "request", "athlete", "outcome", "parameters"], numbers: [3], times: [0], optional: [5])
        for request in requests {
            table.add([
                Phrase.cell(request.at, now: now), request.user ?? String(request.userID), request.action.replacing("_", with: " "),
                request.athleteID.map { String($0) } ?? "", outcome(request), parameters(request.parameters),
            ])
        }
        return table.text
    }

    private func outcome(_ request: AuditMessage.RecordedRequest) -> String {
        let word = request.outcome == "begun" ? "in progress or cut off" : request.outcome
        return word + (request.refusal.map { ": \($0.replacing("_", with: " "))" } ?? "")
    }

    private func parameters(_ values: [String: AuditValue]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
