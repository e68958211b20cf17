import Foundation

/// The connections to one database, lent and idle. Callers wait first come, first served, and not for ever; a connection that broke, or
/// that a late cancellation may still hit, is replaced.
actor ConnectionPool {
    struct Limits: Sendable {
        var connectionsMax: Int
        /// One more caller than this is refused.
        var waitersMax = 1024
        /// A caller is refused after waiting this long for a connection.
        var waitMax: Duration = .seconds(30)
    }

    private struct ConnectionWaiter {
        let id: UInt64
        let wake: CheckedContinuation<Void, any Error>
    }

    private let limits: Limits
    private let meters: PoolMeters
    private let make: @Sendable () -> Connection
    private var idle: [Connection] = []
    private var lent: [ObjectIdentifier: Connection] = [:]
    private var count = 0
    private var closed = false
    /// Nothing is lent: the server is about to restart.
    private var isHeld = false
    private var nextWaiterID: UInt64 = 0
    private var waiters: [ConnectionWaiter] = []

    init(_ limits: Limits, _ meters: PoolMeters = PoolMeters(.general), make: @escaping @Sendable () -> Connection) {
        self.limits = limits
        self.meters = meters
        self.make = make
    }

    func lease() async throws -> Connection {
        let began = ContinuousClock.now
        do {
            let connection = try await connection()
            meters.waited(.now - began)
            show()
            return connection
        } catch {
            if (error as? DatabaseError)?.code == .busy { meters.refused() }
            throw error
        }
    }

    private func connection() async throws -> Connection {
        try await waitForSlot()
        // From here on one slot of `connectionsMax` is ours, until release or failure.
        while let connection = idle.popLast() {
            lent[ObjectIdentifier(connection)] = connection
            if await connection.condition() == .reusable, !closed { return connection }
            await discard(connection)
        }
        let connection = make()
        lent[ObjectIdentifier(connection)] = connection
        do {
            if closed { throw Self.isClosed }
            try await connection.open()
            return connection
        } catch {
            await discard(connection)
            releaseSlot()
            throw error
        }
    }

    /// - Parameter isKept: false: it is closed, so that nothing of its session outlives its caller.
    func release(_ connection: Connection, isKept: Bool = true) async {
        let condition = await connection.condition()
        if condition == .reusable, isKept, !closed, !isHeld {
            lent[ObjectIdentifier(connection)] = nil
            idle.append(connection)
        } else {
            await discard(connection)
        }
        // The cause has most likely broken the idle connections too: without this each would cost a caller an error.
        if condition == .broken { await discardIdle() }
        releaseSlot()
        show()
    }

    /// Ends all calls in progress and closes the pool.
    func cut() async {
        for connection in lent.values { connection.cut() }
        await close()
    }

    func close() async {
        closed = true
        for waiter in waiters { waiter.wake.resume(throwing: Self.isClosed) }
        waiters = []
        await discardIdle()
    }

    /// Lends nothing until `resume()`: callers wait, within their deadlines. Closes idle connections and waits until those that are lent are
    /// back and closed, but not longer than `patience`.
    func hold(patience: Duration) async {
        isHeld = true
        await discardIdle()
        let deadline = ContinuousClock.now + patience
        while !lent.isEmpty, isHeld, !closed, ContinuousClock.now < deadline {
            // A cancelled caller doesn't wait.
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }

    /// Ends a hold; without one it does nothing.
    func resume() {
        isHeld = false
        while count < limits.connectionsMax, !waiters.isEmpty {
            count += 1
            waiters.removeFirst().wake.resume()
        }
    }

    private static let isClosed = DatabaseError(.closed, "the pool is closed")

    private func discardIdle() async {
        let connections = idle
        idle = []
        for connection in connections { await connection.close() }
    }

    private func discard(_ connection: Connection) async {
        await connection.close()
        lent[ObjectIdentifier(connection)] = nil
    }

    private func show() { meters.show(inUse: lent.count, idle: idle.count, waiting: waiters.count) }

    // MARK: Waiting

    var waiterCount: Int { waiters.count }

    private func waitForSlot() async throws {
        if closed { throw Self.isClosed }
        try Task.checkCancellation()
        if count < limits.connectionsMax, waiters.isEmpty, !isHeld {
            count += 1
            return
        }
        guard waiters.count < limits.waitersMax else {
            throw DatabaseError(.busy, "\(waiters.count) callers wait for a connection to the database already")
        }
        nextWaiterID += 1
        let id = nextWaiterID
        // Not a child task: it is cancelled when the wait ends, or ends the wait.
        let limit = Task { [waitMax = limits.waitMax] in
            try await Task.sleep(for: waitMax)
            stopWaiting(id, DatabaseError(.busy, "no connection to the database became free within \(Int(waitMax.seconds)) s"))
        }
        defer { limit.cancel() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters.append(ConnectionWaiter(id: id, wake: continuation))
                    show()
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(id, CancellationError()) }
        }
    }

    private func stopWaiting(_ id: UInt64, _ reason: any Error) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).wake.resume(throwing: reason)
    }

    /// The slot goes to the caller that has waited longest, else it is free again.
    private func releaseSlot() {
        if waiters.isEmpty || isHeld { count -= 1 } else { waiters.removeFirst().wake.resume() }
    }
}
