/// Why a call to Strava is made, most urgent first. The number is also `sync.schedule.priority`.
public enum RequestClass: Int, CaseIterable, Sendable, Codable {
    /// A person waits: a new connection, or a sync asked for by hand.
    case connect = 0
    /// A webhook event said that something changed.
    case live
    /// The ordinary poll for new activities and what they need.
    case incremental
    /// Reconciliation and retries.
    case repair
    /// Loading the past.
    case history

    /// The class in status answers and metrics, from a closed set.
    public var name: String {
        switch self {
        case .connect: "connect"
        case .live: "live"
        case .incremental: "incremental"
        case .repair: "repair"
        case .history: "history"
        }
    }

    /// Whether this class may spend the reserve: a person or an event waits for it.
    var isUrgent: Bool { self == .connect || self == .live }
}
