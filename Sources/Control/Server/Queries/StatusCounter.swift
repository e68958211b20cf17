import Core
import Database
import Foundation

/// Owns the last count of the large tables, so that asking often costs little: a count that took a second is good for twenty. Who asks while
/// a count is under way waits for that one.
actor StatusCounter {
    /// Counting takes at most this share of one connection's time.
    private static let shareMax = 0.05

    private let database: Database
    private let clock: WallClock
    private var last: (counts: StatusCounts, goodUntil: ContinuousClock.Instant)?
    private var underWay: Task<StatusCounts, any Error>?

    init(database: Database, clock: WallClock) {
        self.database = database
        self.clock = clock
    }

    func counts() async throws -> StatusCounts {
        if let last, ContinuousClock.now < last.goodUntil { return last.counts }
        if let underWay { return try await underWay.value }
        // A task of its own, so that an asker who goes away does not end the count for the others. It ends with its query.
        let task = Task { try await count() }
        underWay = task
        defer { underWay = nil }
        return try await task.value
    }

    private func count() async throws -> StatusCounts {
        let start = ContinuousClock.now
        let counts = try await StatusCounts.count(database, now: clock.now)
        let took = ContinuousClock.now - start
        last = (counts, ContinuousClock.now + took / Self.shareMax)
        return counts
    }
}
