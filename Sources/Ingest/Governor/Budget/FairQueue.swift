import Core

/// The waiting calls of all classes: strict priority with guaranteed trickles between the classes, fair shares within one.
struct FairQueue: Sendable {
    typealias Waiter = FairLane.Waiter

    /// Of all calls granted while such a call waits, this share goes to its class whatever waits above it: nothing starves.
    static let trickle: [RequestClass: Double] = [.incremental: 0.20, .repair: 0.05, .history: 0.10]
    /// An unserved trickle adds up to this many calls at most.
    static let creditMax = 8.0

    private var lanes = [FairLane](repeating: FairLane(), count: RequestClass.allCases.count)
    private var credit = [Double](repeating: 0, count: RequestClass.allCases.count)
    private var home: [UInt64: (RequestClass, AthleteID)] = [:]

    var count: Int { home.count }
    var isEmpty: Bool { home.isEmpty }
    func count(_ requestClass: RequestClass) -> Int { lanes[requestClass.rawValue].count }

    mutating func append(_ waiter: Waiter) {
        home[waiter.id] = (waiter.requestClass, waiter.athlete)
        lanes[waiter.requestClass.rawValue].append(waiter)
    }

    /// Forgets a waiting call. False when it does not wait any more.
    mutating func cancel(_ id: UInt64) -> Bool {
        guard let (requestClass, athlete) = home.removeValue(forKey: id) else { return false }
        return lanes[requestClass.rawValue].cancel(id, of: athlete)
    }

    /// The class that goes next among those in `allowed` that wait: one with a due trickle, else the most urgent.
    func nextClass(among allowed: (RequestClass) -> Bool) -> RequestClass? {
        let waiting = RequestClass.allCases.filter { !lanes[$0.rawValue].isEmpty && allowed($0) }
        let due = waiting.filter { credit[$0.rawValue] >= 1 }
        return due.max { credit[$0.rawValue] < credit[$1.rawValue] } ?? waiting.first
    }

    /// Whether a call waits, in one of these classes, whose answer will say what is used.
    func reports(among allowed: (RequestClass) -> Bool) -> Bool {
        RequestClass.allCases.contains { lanes[$0.rawValue].reportingCount > 0 && allowed($0) }
    }

    mutating func first(_ requestClass: RequestClass) -> Waiter? { lanes[requestClass.rawValue].first() }

    /// The first waiting call for which `suits` holds, by class and then by turn. For rare use: it searches.
    func first(where suits: (Waiter) -> Bool) -> Waiter? {
        for lane in lanes {
            if let waiter = lane.first(where: suits) { return waiter }
        }
        return nil
    }

    /// Takes this waiting call out of line.
    mutating func take(_ waiter: Waiter) {
        let requestClass = waiter.requestClass
        lanes[requestClass.rawValue].take(waiter)
        home[waiter.id] = nil
        credit[requestClass.rawValue] = max(0, credit[requestClass.rawValue] - 1)
        for (other, share) in Self.trickle where other != requestClass && !lanes[other.rawValue].isEmpty {
            credit[other.rawValue] = min(Self.creditMax, credit[other.rawValue] + share)
        }
    }
}
