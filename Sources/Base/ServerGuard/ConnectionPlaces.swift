import NIOCore
import Synchronization

/// The connections that one listener admits, counted per client, so that one client can't take them all.
public final class ConnectionPlaces: Sendable {
    private struct State {
        var table: PlaceTable<ObjectIdentifier, String>
        /// Retained until they are closed, so that no identifier is reused.
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - countMax: connections in all.
    ///   - clientCountMax: connections of one client.
    ///   - patience: a connection that has been waiting for a request for this long is closed when another connection needs its place.
    public init(countMax: Int, clientCountMax: Int, patience: Duration = .seconds(1)) {
        state = Mutex(State(table: PlaceTable(countMax: countMax, clientCountMax: clientCountMax, patience: patience)))
    }

    /// Admits a connection until it is closed; false when it is refused, and the caller has to close it.
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

    /// Records whether the connection is waiting for a request.
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

/// Decides which connections are admitted: at most `countMax` in all and `clientCountMax` of one client. A connection that has been waiting
/// for a request for `patience` gives up its place to a new one.
struct PlaceTable<ID: Hashable, Client: Hashable> {
    enum Decision: Equatable {
        case admitted
        /// Admitted; the other connection is to be closed.
        case admittedInsteadOf(ID)
        case refused
    }

    private struct AdmittedConnection {
        let client: Client
        /// Since when the connection has been waiting for a request; nil while it answers one.
        var waitsSince: ContinuousClock.Instant?
    }

    private let countMax: Int
    private let clientCountMax: Int
    private let patience: Duration
    private var places: [ID: AdmittedConnection] = [:]
    private var counts: [Client: Int] = [:]

    init(countMax: Int, clientCountMax: Int, patience: Duration) {
        self.countMax = countMax
        self.clientCountMax = clientCountMax
        self.patience = patience
    }

    var count: Int { places.count }

    /// A new connection.
    mutating func entered(_ id: ID, client: Client, now: ContinuousClock.Instant) -> Decision {
        let decision = decide(client, now)
        if case .refused = decision { return decision }
        if case .admittedInsteadOf(let other) = decision { left(other) }
        places[id] = AdmittedConnection(client: client, waitsSince: now)
        counts[client, default: 0] += 1
        return decision
    }

    /// The connection answers a request (nil), or has been waiting for one since this instant.
    mutating func changed(_ id: ID, waitsSince since: ContinuousClock.Instant?) { places[id]?.waitsSince = since }

    /// A connection ended. Does nothing for one that was not admitted or has given up its place.
    mutating func left(_ id: ID) {
        guard let place = places.removeValue(forKey: id) else { return }
        counts[place.client] = counts[place.client].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    private func decide(_ client: Client, _ now: ContinuousClock.Instant) -> Decision {
        if counts[client, default: 0] >= clientCountMax { return replacement(for: client, now) }
        if places.count < countMax { return .admitted }
        guard let largest = counts.max(by: { $0.value < $1.value })?.key else { return .refused }
        return replacement(for: largest, now)
    }

    /// In place of the client's connection that has been waiting for a request for longest.
    private func replacement(for client: Client, _ now: ContinuousClock.Instant) -> Decision {
        let waiting = places.compactMap { id, place in place.client == client ? place.waitsSince.map { (id: id, since: $0) } : nil }
        guard let oldest = waiting.min(by: { $0.since < $1.since }), oldest.since.advanced(by: patience) <= now else { return .refused }
        return .admittedInsteadOf(oldest.id)
    }
}
