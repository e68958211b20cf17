import ArgumentParser

/// Strava's number of an athlete on the command line.
enum AthleteArgument {
    static func check(_ id: Int64?) throws {
        if let id, id <= 0 { throw ValidationError("An athlete is named by Strava's number, which is positive.") }
    }
}
