import ArgumentParser
import ControlAPI

struct VaultVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Open every sealed value and name those that don't open.",
        discussion: "Changes nothing and asks Strava nothing. Exit code 1 when a value does not open.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let bytes = try await options.patientClient.bytes(ControlTarget(.verifyVault))
        let found: VerificationMessage = try ControlClient.decoded(bytes)
        Terminal.print(options.json ? Terminal.line(bytes) : Self.text(found))
        guard found.unopenedCount > 0 else { return }
        throw CommandFailure("\(Phrase.count(found.unopenedCount, "sealed value does", "sealed values do")) not open")
    }

    private static func text(_ found: VerificationMessage) -> String {
        let values = Phrase.count(found.values, "sealed value", "sealed values")
        let athletes = Phrase.count(found.athletes, "athlete", "athletes")
        if found.unopenedCount == 0 { return "all \(values) of \(athletes) open" }
        var table = TextTable(["athlete", "value", "key", "why it does not open"], numbers: [0])
        for value in found.unopened {
            table.add([
                value.athleteID.map { String($0) } ?? "erased", value.value.replacing("_", with: " "), value.keyID,
                reason(value) + (value.dead ? "; Strava no longer takes it anyway" : ""),
            ])
        }
        let more = found.unopenedCount - found.unopened.count
        let rest = more > 0 ? "\nand \(Phrase.number(more)) more" : ""
        return "\(Phrase.number(found.opened)) of \(values) of \(athletes) open\n\n\(table.text)\(rest)"
    }

    private static func reason(_ value: VerificationMessage.Unopened) -> String {
        switch value.reason {
        case "key_missing": "the keyring lacks the key: put its line back into the file"
        case "does_not_open": "the row was changed, or the key is another one of that name; else the athlete must connect again"
        default: value.reason.replacing("_", with: " ")
        }
    }
}
