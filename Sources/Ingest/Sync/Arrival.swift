/// How an athlete is registered, which decides the priority of the first sync.
public enum Arrival: Sendable {
    /// A person has connected in a browser and is waiting.
    case awaited
    /// One athlete; nobody is waiting.
    case alone
    /// One of many, as from a file.
    case bulk

    /// The value for `sync.schedule.priority`.
    package var priority: Int { self == .bulk ? 2 : 0 }
}
