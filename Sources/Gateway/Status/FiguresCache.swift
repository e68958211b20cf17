import Core
import Foundation

/// Keeps the figures for a few seconds, so that whoever reloads the page, or many at once, cost the database one look.
actor FiguresCache {
    static let lifetime = Duration.seconds(5)

    private let clock: WallClock
    private let load: Gateway.Figures
    private var latest: (figures: GatewayFigures, at: Date)?
    private var loading: Task<GatewayFigures, any Error>?

    init(clock: WallClock, load: @escaping Gateway.Figures) {
        self.clock = clock
        self.load = load
    }

    /// Figures at most five seconds old.
    ///
    /// - Throws: what the loader throws; nothing is kept then.
    func current() async throws -> GatewayFigures {
        if let latest, clock.now < latest.at.addingTimeInterval(Self.lifetime.seconds) { return latest.figures }
        if let loading { return try await loading.value }
        // A task of its own: one client that goes away must not take the answer from the others who wait for it.
        let task = Task { try await load() }
        loading = task
        defer { loading = nil }
        let figures = try await task.value
        latest = (figures, clock.now)
        return figures
    }
}
