import ArgumentParser
import ControlAPI

/// The three words that name an entry of the quarantine, as `quarantine list` shows them.
struct QuarantineArguments: ParsableArguments {
    @Argument(help: "Strava's number of the athlete.")
    var athlete: Int64

    @Argument(help: "The endpoint, for example streams.")
    var endpoint: String

    @Argument(help: ArgumentHelp("The object's number (a negative one after --)."))
    var object: Int64

    func validate() throws { try AthleteArgument.check(athlete) }

    var selection: QuarantineSelection { QuarantineSelection(athleteID: athlete, endpoint: endpoint, objectID: object) }
}
