import Foundation

/// Who has which connection. Waiting is first come, first served; a connection that broke, or that a cancellation may still reach, is replaced.
actor ConnectionPool {
    private let countMax: Int
    private let open: @Sendable () async throws -> Connection
    private var idle: [Connection] = []
    private var count = 0
    private var closed = false
    private var nextWaiterID: UInt64 = 0
    private var waiters: [(id: UInt64, wake: CheckedContinuation<Void, any Error>)] = []

    init(countMax: Int, open: @escaping @Sendable () async throws -> Connection) {
        self.countMax = max(1, countMax)
        self.open = open
    }

    func lease() async throws -> Connection {
        try await waitForPlace()
        // From here on one place of `countMax` is ours, until release or failure.
        while let connection = idle.popLast() {
            if await connection.isReusable() { return connection }
            await connection.close()
        }
        do {
            return try await open()
        } catch {
            givePlaceBack()
            throw error
        }
    }

    func release(_ connection: Connection) async {
        if await connection.isReusable(), !closed { idle.append(connection) } else { await connection.close() }
        givePlaceBack()
    }

    func close() async {
        closed = true
        for waiter in waiters { waiter.wake.resume(throwing: DatabaseError(.closed, "the pool is closed")) }
        waiters = []
        let connections = idle
        idle = []
        for connection in connections { await connection.close() }
    }

    private func waitForPlace() async throws {
        if closed { throw DatabaseError(.closed, "the pool is closed") }
        try Task.checkCancellation()
        if count < countMax && waiters.isEmpty {
            count += 1
            return
        }
        nextWaiterID += 1
        let id = nextWaiterID
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiters.append((id, continuation))
                }
            }
        } onCancel: {
            Task { await self.stopWaiting(id) }
        }
    }

    private func stopWaiting(_ id: UInt64) {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return }
        waiters.remove(at: index).wake.resume(throwing: CancellationError())
    }

    /// The place goes to the one who has waited longest, else it is free again.
    private func givePlaceBack() {
        if waiters.isEmpty { count -= 1 } else { waiters.removeFirst().wake.resume() }
    }
}
