import CLibpq
import Foundation
import Synchronization

/// libpq's means to cancel the statement of one connection from any thread (PostgreSQL documentation, "Canceling Queries in Progress").
///
/// `@unchecked Sendable`: libpq allows PQcancel from any thread and never changes a PGcancel.
final class CancelHandle: @unchecked Sendable {
    /// A server that doesn't answer holds the thread of each cancellation that was sent to it. Beyond this many none is sent: the
    /// connection is cut a moment later anyway.
    private static let sendersMax = 16
    private static let senders = Atomic<Int>(0)
    /// Pauses between two cancellations of one statement, in microseconds.
    private static let pauseMin_us: UInt32 = 20_000
    private static let pauseMax_us: UInt32 = 1_000_000

    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Tells the server to cancel, and returns at once: PQcancel blocks without a time limit, so it has a thread of its own.
    ///
    /// The server forgets a cancellation that finds it between two messages of a statement (its preparation and its execution), and may
    /// refuse the connection over which the request goes: it is sent again while `isWanted`.
    func send(while isWanted: @escaping @Sendable () -> Bool) {
        guard Self.senders.add(1, ordering: .relaxed).newValue <= Self.sendersMax else {
            Self.senders.subtract(1, ordering: .relaxed)
            return
        }
        Thread.detachNewThread { [self] in
            var message = [CChar](repeating: 0, count: 256)
            var pause_us = Self.pauseMin_us
            repeat {
                PQcancel(pointer, &message, Int32(message.count))
                usleep(pause_us)
                pause_us = min(2 * pause_us, Self.pauseMax_us)
            } while isWanted()
            Self.senders.subtract(1, ordering: .relaxed)
        }
    }
}
