/// Decides who gets a connection when not everybody can: so many places in all, so many for one client. Whoever has waited for
/// `patience` without completing a request makes room for the next one.
struct PlaceTable<ID: Hashable, Client: Hashable> {
    enum Decision: Equatable {
        case admitted
        /// Admitted, and this one has to go.
        case admittedInsteadOf(ID)
        case refused
    }

    private struct Place {
        let client: Client
        /// Since when the connection has waited for a request; nil while one is being answered.
        var waitsSince: ContinuousClock.Instant?
    }

    let countMax: Int
    let clientCountMax: Int
    let patience: Duration
    private var places: [ID: Place] = [:]
    private var counts: [Client: Int] = [:]

    init(countMax: Int, clientCountMax: Int, patience: Duration) {
        self.countMax = countMax
        self.clientCountMax = clientCountMax
        self.patience = patience
    }

    var count: Int { places.count }

    /// A connection came.
    mutating func entered(_ id: ID, client: Client, now: ContinuousClock.Instant) -> Decision {
        let decision = decide(client, now)
        if case .refused = decision { return decision }
        if case .admittedInsteadOf(let other) = decision { left(other) }
        places[id] = Place(client: client, waitsSince: now)
        counts[client, default: 0] += 1
        return decision
    }

    /// A request of the connection is being answered, or it waits for the next one from `since` on.
    mutating func changed(_ id: ID, waitsSince since: ContinuousClock.Instant?) { places[id]?.waitsSince = since }

    /// A connection ended. One that was not admitted, or that made room, is not counted any more.
    mutating func left(_ id: ID) {
        guard let place = places.removeValue(forKey: id) else { return }
        counts[place.client] = counts[place.client].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    private func decide(_ client: Client, _ now: ContinuousClock.Instant) -> Decision {
        if counts[client, default: 0] >= clientCountMax { return room(from: client, now) }
        if places.count < countMax { return .admitted }
        guard let largest = counts.max(by: { $0.value < $1.value })?.key else { return .refused }
        return room(from: largest, now)
    }

    private func room(from client: Client, _ now: ContinuousClock.Instant) -> Decision {
        let waiting = places.compactMap { id, place in place.client == client ? place.waitsSince.map { (id: id, since: $0) } : nil }
        guard let oldest = waiting.min(by: { $0.since < $1.since }), oldest.since.advanced(by: patience) <= now else { return .refused }
        return .admittedInsteadOf(oldest.id)
    }
}
