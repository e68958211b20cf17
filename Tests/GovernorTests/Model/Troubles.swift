/// What may go wrong in a random history. All shares are per call or per event.
struct Troubles {
    var instances = 1
    var flightsMax = 16
    var streamsShare = 0.0
    /// Calls that tell the usage and come beside the backlog: polls.
    var pollsPerHour = 0.0
    var foreignPerHour = 0.0
    var lostShare = 0.0
    var unsentShare = 0.0
    var restartsPerHour = 0.0
    var clockStepsPerHour = 0.0
    var limitChangesPerHour = 0.0
    /// Times that Strava's limits really become such as can't be believed at once, for some time.
    var collapsesPerHour = 0.0
    /// Of the headers, those that name limits that can't be.
    var absurdHeaderShare = 0.0
    var ledgerFailureShare = 0.0
    var dateShare = 1.0
    var latency_s = 0.05...0.6
}
