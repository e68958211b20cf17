import Core

/// Everything that decides how one activity looks: a few numbers, from which figures and streams are computed when asked for.
///
/// Mutations edit a recipe; `version` counts the edits, so that no cache gives an older answer.
struct ActivityRecipe: Sendable {
    let id: ActivityID
    let athlete: AthleteID
    let kind: ActivityKind
    /// Seeds everything about this activity that isn't spelled out here.
    let seed: UInt64
    var start_s: Int64
    let zone: SimulatedZone
    /// Points as recorded; 0 for kinds without streams.
    let points: Int
    /// Points left after a crop.
    var keptPoints: Int
    var name: String
    var sportType: String
    var legacyType: String
    var visibility: ActivityVisibility
    var gearID: String?
    var hidesStart = false
    var streamsDelay: StreamsDelay?
    var version = 0

    let hasHeartrate: Bool
    let hasPower: Bool
    /// Watts estimated by Strava: `average_watts` in the summary without a `device_watts` stream.
    let pauses: [Pause]

    /// A stop: `seconds` pass before point `index` without a point.
    struct Pause: Sendable {
        let index: Int
        let seconds: Int
    }

    /// `start_date` as Strava gives it: midnight and one second when the start time is hidden (docs/strava-api.md 3.2).
    var listedStart_s: Int64 { hidesStart ? CivilTime.midnight(start_s) + 1 : start_s }
}
