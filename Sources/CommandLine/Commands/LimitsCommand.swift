import ArgumentParser
import ControlAPI
import Foundation

struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits", abstract: "Quota windows at Strava, who waits for them and until when.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        try await options.show(ControlTarget(.limits), as: LimitsMessage.self) { LimitsText.text($0, now: Date()) }
    }
}
