import Core
import Foundation

extension Configuration {
    /// Whether this start is a demo. Without credentials it is, except where nobody would see it: under systemd, or on an operator's database.
    func isDemo(asked: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Bool {
        if asked { return true }
        if hasCredentials { return false }
        let need = "set FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET (Strava shows both under Settings, My API Application)"
        if environment["NOTIFY_SOCKET"] != nil || environment["INVOCATION_ID"] != nil {
            throw ConfigurationError("no Strava credentials are configured: \(need)")
        }
        if databaseURL != nil {
            throw ConfigurationError(
                "FITNESSD_DATABASE_URL is set but no Strava credentials are: \(need), or pass --demo to fill that database with made-up athletes"
            )
        }
        return true
    }

    /// The settings of a demo: a state directory of its own, so that made-up athletes never meet real ones.
    func demo() -> Configuration {
        var copy = self
        copy.stateDirectory = stateDirectory.appending(path: "demo", directoryHint: .isDirectory)
        copy.limit = DemoStrava.limit
        return copy
    }
}
