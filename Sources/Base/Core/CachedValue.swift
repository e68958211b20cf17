/// The last result of a slow query, kept for a while. Callers that ask while it is being loaded wait for that one load.
public actor CachedValue<Value: Sendable> {
    /// How long a value is kept, from the end of its load.
    public enum Expiry: Sendable {
        case after(Duration)
        /// So many times the duration of the load, which bounds the share of time spent loading: 20 times is 5 %.
        case afterLoadTimes(Double)
    }

    private let expiry: Expiry
    private let clock: WallClock
    private let load: @Sendable () async throws -> Value
    private var latest: (value: Value, expiresAt_s: Double)?
    private var loading: Task<Value, any Error>?

    public init(_ expiry: Expiry, clock: WallClock = .system, load: @escaping @Sendable () async throws -> Value) {
        self.expiry = expiry
        self.clock = clock
        self.load = load
    }

    /// The value, loaded again when the last one has expired.
    ///
    /// - Throws: what the load throws; nothing is kept then.
    public func value() async throws -> Value {
        if let latest, clock.uptime_s < latest.expiresAt_s { return latest.value }
        if let loading { return try await loading.value }
        // A task of its own, so that a caller that is cancelled does not end the load for the others.
        let task = Task { try await loadNow() }
        loading = task
        defer { loading = nil }
        return try await task.value
    }

    private func loadNow() async throws -> Value {
        let start_s = clock.uptime_s
        let value = try await load()
        let end_s = clock.uptime_s
        latest = (value, end_s + lifetime_s(loadTime_s: end_s - start_s))
        return value
    }

    private func lifetime_s(loadTime_s: Double) -> Double {
        switch expiry {
        case .after(let duration): duration.seconds
        case .afterLoadTimes(let factor): loadTime_s * factor
        }
    }
}
