/// How an athlete comes to be registered, which decides in which line the first sync stands.
public enum Arrival: Sendable {
    /// A person has connected in a browser and waits.
    case awaited
    /// One athlete, without anybody waiting.
    case alone
    /// One of many, as from a file.
    case bulk

    /// The place in `sync.schedule.priority`.
    package var priority: Int { self == .bulk ? 2 : 0 }
}
