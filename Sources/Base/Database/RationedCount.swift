/// The last count of large tables, so that asking often costs little: a count that took a second is good for twenty. Who asks while a count
/// is under way waits for that one.
public actor RationedCount<Counts: Sendable> {
    /// Counting takes at most this share of one connection's time.
    private let shareMax = 0.05

    private let count: @Sendable () async throws -> Counts
    private var last: (counts: Counts, goodUntil: ContinuousClock.Instant)?
    private var underWay: Task<Counts, any Error>?

    public init(_ count: @escaping @Sendable () async throws -> Counts) {
        self.count = count
    }

    /// The counts, as old as counting them is dear.
    public func counts() async throws -> Counts {
        if let last, ContinuousClock.now < last.goodUntil { return last.counts }
        if let underWay { return try await underWay.value }
        // A task of its own, so that an asker who goes away does not end the count for the others. It ends with its query.
        let task = Task { try await countNow() }
        underWay = task
        defer { underWay = nil }
        return try await task.value
    }

    private func countNow() async throws -> Counts {
        let start = ContinuousClock.now
        let counts = try await count()
        last = (counts, ContinuousClock.now + (ContinuousClock.now - start) / shareMax)
        return counts
    }
}
