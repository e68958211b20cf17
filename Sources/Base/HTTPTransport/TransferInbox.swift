import Synchronization

/// What tasks want of the loop's thread, in the order they said it. Adds, cancels and the stop go through here and nowhere else.
final class TransferInbox: Sendable {
    struct Orders {
        var added: [Submission] = []
        var cancelled: [UInt64] = []
        var stops = false
    }

    enum AddDecision { case taken, full, closed }

    private struct State {
        var orders = Orders()
        var nextID: UInt64 = 0
        /// Submitted and not yet ended, whether waiting or in flight.
        var openCount = 0
        var hasEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let openMax: Int

    init(openMax: Int) { self.openMax = openMax }

    func nextID() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
    }

    func add(_ submission: Submission) -> AddDecision {
        state.withLock { state in
            if state.orders.stops { return .closed }
            if state.openCount >= openMax { return .full }
            state.openCount += 1
            state.orders.added.append(submission)
            return .taken
        }
    }

    func cancel(_ id: UInt64) {
        state.withLock { state in
            if !state.orders.stops { state.orders.cancelled.append(id) }
        }
    }

    func stop() { state.withLock { $0.orders.stops = true } }

    /// Hands over what has come in. After `stop` nothing more can be added, so the last hand-over is complete.
    func take() -> Orders {
        state.withLock { state in
            let orders = state.orders
            state.orders = Orders(stops: orders.stops)
            return orders
        }
    }

    /// A submission has been answered.
    func ended(_ count: Int = 1) { state.withLock { $0.openCount -= count } }

    // MARK: The end of the loop

    func loopEnded() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.endWaiters = [] }
            return state.endWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.hasEnded { state.endWaiters.append(continuation) }
                return state.hasEnded
            }
            if isOver { continuation.resume() }
        }
    }
}
