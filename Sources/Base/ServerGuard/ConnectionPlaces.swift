import NIOCore
import Synchronization

/// The places of one listener, counted per client, so that one client can't take them all.
public final class ConnectionPlaces: Sendable {
    private struct State {
        var table: PlaceTable<ObjectIdentifier, String>
        /// Kept until they are closed, so that no identifier is used twice.
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - countMax: places in all.
    ///   - clientCountMax: places for one client.
    ///   - patience: a connection that has waited so long without completing a request makes room when a place is needed.
    public init(countMax: Int, clientCountMax: Int, patience: Duration = .seconds(1)) {
        state = Mutex(State(table: PlaceTable(countMax: countMax, clientCountMax: clientCountMax, patience: patience)))
    }

    /// Gives a connection a place until it is closed; false when there is none, and then the caller closes it.
    public func enter(_ channel: any Channel, client: String) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isAdmitted, other) = state.withLock { state in
            switch state.table.entered(id, client: client, now: .now) {
            case .refused: return (false, nil as (any Channel)?)
            case .admitted:
                state.channels[id] = channel
                return (true, nil)
            case .admittedInsteadOf(let other):
                state.channels[id] = channel
                return (true, state.channels[other])
            }
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in self.leave(id) }
        other?.close(promise: nil)
        return true
    }

    /// Notes whether the connection waits for a request.
    public func note(_ channel: any Channel, isWaiting: Bool) {
        let since = isWaiting ? ContinuousClock.now : nil
        state.withLock { $0.table.changed(ObjectIdentifier(channel), waitsSince: since) }
    }

    private func leave(_ id: ObjectIdentifier) {
        state.withLock { state in
            state.table.left(id)
            state.channels[id] = nil
        }
    }
}
