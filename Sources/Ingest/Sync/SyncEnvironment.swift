import Core
import Database
import Governor
import Logging
import StravaAPI
import Synchronization
import Vault
import Warehouse

/// What a turn works with; built once by the daemon.
public struct SyncEnvironment: Sendable {
    public let database: Database
    /// The connections that nothing else can take: for claims and leases.
    public let steering: Database
    public let strava: StravaClient
    public let governor: RateLimitGovernor
    public let vault: TokenVault
    public let writer: WarehouseWriter
    public let clock: WallClock
    private let liveSettings: Live<SyncSettings>
    public let logger: Logger
    let window: FetchWindow
    let meters = SyncMeters()

    public init(
        database: Database, steering: Database? = nil, strava: StravaClient, governor: RateLimitGovernor, vault: TokenVault,
        writer: WarehouseWriter, clock: WallClock, settings: SyncSettings, logger: Logger
    ) {
        self.database = database
        self.steering = steering ?? database
        self.strava = strava
        self.governor = governor
        self.vault = vault
        self.writer = writer
        self.clock = clock
        liveSettings = Live(settings)
        self.logger = logger
        window = FetchWindow(callsMax: settings.callsInFlight)
    }

    /// Those of now; a turn keeps the settings with which it began.
    public var settings: SyncSettings { liveSettings.value }

    func adopt(_ settings: SyncSettings) {
        liveSettings.replace(with: settings)
        window.resize(callsMax: settings.callsInFlight)
    }
}

/// The places for calls of all turns that are at Strava, or answered and not yet landed. Their number is the most that a crash can cost, and
/// bounds the memory that answers take.
///
/// First come, first served: permits have put the calls in order before.
final class FetchWindow: Sendable {
    private struct Waiter {
        let id: UInt64
        let entry: CheckedContinuation<Void, any Error>
    }

    private struct Places {
        var callsMax: Int
        /// Below zero while more places are taken than there are since there are fewer.
        var free: Int
        var lastID: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private let places: Mutex<Places>
    private let turns = Atomic<Int>(0)

    init(callsMax: Int) { places = Mutex(Places(callsMax: max(1, callsMax), free: max(1, callsMax))) }

    /// Gives more places to those who wait, or waits for those beyond a smaller number to be left.
    func resize(callsMax: Int) {
        let entering = places.withLock { places in
            places.free += max(1, callsMax) - places.callsMax
            places.callsMax = max(1, callsMax)
            let count = min(max(0, places.free), places.waiters.count)
            defer { places.waiters.removeFirst(count) }
            places.free -= count
            return places.waiters.prefix(count)
        }
        for waiter in entering { waiter.entry.resume() }
    }

    /// Turns in work at this moment.
    var turnCount: Int { turns.load(ordering: .relaxed) }

    func turnBegan() { turns.add(1, ordering: .relaxed) }

    func turnEnded() { turns.subtract(1, ordering: .relaxed) }

    /// Waits for a place. Whoever has one calls `leave`.
    ///
    /// Throws `CancellationError`.
    func enter() async throws {
        let id = places.withLock { places in
            places.lastID += 1
            return places.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { entry in
                let outcome: Result<Void, any Error>? = places.withLock { places in
                    // Under the lock: a cancellation is seen here, or finds the waiter.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if places.free > 0 {
                        places.free -= 1
                        return .success(())
                    }
                    places.waiters.append(Waiter(id: id, entry: entry))
                    return nil
                }
                if let outcome { entry.resume(with: outcome) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    func leave() {
        let next = places.withLock { places -> Waiter? in
            if places.waiters.isEmpty || places.free < 0 {
                places.free += 1
                return nil
            }
            return places.waiters.removeFirst()
        }
        next?.entry.resume()
    }

    private func cancel(_ id: UInt64) {
        let waiter = places.withLock { places in
            places.waiters.firstIndex { $0.id == id }.map { places.waiters.remove(at: $0) }
        }
        waiter?.entry.resume(throwing: CancellationError())
    }
}

/// Says once that the daemon is stopping: turns make no further call, and what is in flight lands.
final class Drain: Sendable {
    private let begun = Atomic<Bool>(false)

    var hasBegun: Bool { begun.load(ordering: .acquiring) }

    func begin() { begun.store(true, ordering: .releasing) }
}
