import Core
import DequeModule
import HeapModule

/// The waiting calls of all classes: strict priority with a guaranteed trickle between the classes, fair shares within one.
struct FairQueue: Sendable {
    struct Waiter: Sendable {
        let id: UInt64
        let requestClass: RequestClass
        let athlete: AthleteID
        let reportsUsage: Bool
    }

    /// While a call of the class waits, this share of all granted calls goes to it whatever waits above it: nothing starves.
    static let trickle: [RequestClass: Double] = [.incremental: 0.20, .repair: 0.05, .history: 0.10]
    /// An unserved trickle adds up to this many calls at most.
    static let creditMax = 8.0

    private var lanes = [FairLane](repeating: FairLane(), count: RequestClass.allCases.count)
    private var credit = [Double](repeating: 0, count: RequestClass.allCases.count)
    private var places: [UInt64: (RequestClass, AthleteID)] = [:]

    var count: Int { places.count }
    var isEmpty: Bool { places.isEmpty }
    func count(_ requestClass: RequestClass) -> Int { lanes[requestClass.rawValue].count }
    func holds(_ athlete: AthleteID) -> Bool { lanes.contains { $0.holds(athlete) } }

    mutating func append(_ waiter: Waiter) {
        places[waiter.id] = (waiter.requestClass, waiter.athlete)
        lanes[waiter.requestClass.rawValue].append(waiter)
    }

    /// Removes a waiting call. False when it does not wait any more.
    mutating func cancel(_ id: UInt64) -> Bool {
        guard let (requestClass, athlete) = places.removeValue(forKey: id) else { return false }
        return lanes[requestClass.rawValue].cancel(id, of: athlete)
    }

    /// The class that goes next among those in `allowed` that wait: one with a due trickle, else the most urgent.
    func nextClass(among allowed: (RequestClass) -> Bool) -> RequestClass? {
        let waiting = RequestClass.allCases.filter { !lanes[$0.rawValue].isEmpty && allowed($0) }
        let due = waiting.filter { credit[$0.rawValue] >= 1 }
        return due.max { credit[$0.rawValue] < credit[$1.rawValue] } ?? waiting.first
    }

    /// Whether a call in one of these classes waits whose answer will report the usage.
    func reports(among allowed: (RequestClass) -> Bool) -> Bool {
        RequestClass.allCases.contains { lanes[$0.rawValue].reportingCount > 0 && allowed($0) }
    }

    mutating func first(_ requestClass: RequestClass) -> Waiter? { lanes[requestClass.rawValue].first() }

    /// The first waiting call for which `condition` holds, by class and then in fair order. Searches all, so for rare use.
    func first(where condition: (Waiter) -> Bool) -> Waiter? {
        for lane in lanes {
            if let waiter = lane.first(where: condition) { return waiter }
        }
        return nil
    }

    /// Removes this waiting call because it is granted.
    mutating func take(_ waiter: Waiter) {
        let requestClass = waiter.requestClass
        lanes[requestClass.rawValue].take(waiter)
        places[waiter.id] = nil
        credit[requestClass.rawValue] = max(0, credit[requestClass.rawValue] - 1)
        for (other, share) in Self.trickle where other != requestClass && !lanes[other.rawValue].isEmpty {
            credit[other.rawValue] = min(Self.creditMax, credit[other.rawValue] + share)
        }
    }
}

/// The waiting calls of one class, shared fairly among athletes by start-time fair queueing: each athlete's next call carries a tag that
/// grows by 1 with each call served; the lowest tag goes first, and an athlete who returns starts at the present tag.
struct FairLane: Sendable {
    typealias Waiter = FairQueue.Waiter

    private struct Entry: Comparable, Sendable {
        let tag: Double
        let order: UInt64
        let athlete: AthleteID
        static func < (left: Entry, right: Entry) -> Bool { (left.tag, left.order) < (right.tag, right.order) }
    }

    private var present = 0.0
    private var lastOrder: UInt64 = 0
    /// Waiting calls of each athlete, oldest first.
    private var queues: [AthleteID: Deque<Waiter>] = [:]
    /// Which heap entry of an athlete is valid.
    private var validOrder: [AthleteID: UInt64] = [:]
    /// Tag of each athlete's next call, kept while it lies ahead of the present.
    private var nextTag: [AthleteID: Double] = [:]
    /// Entries of emptied queues stay until they come up.
    private var heap = Heap<Entry>()
    private(set) var count = 0
    /// Waiting calls whose answers will report the usage.
    private(set) var reportingCount = 0

    var isEmpty: Bool { count == 0 }
    func holds(_ athlete: AthleteID) -> Bool { queues[athlete] != nil }

    mutating func append(_ waiter: Waiter) {
        count += 1
        if waiter.reportsUsage { reportingCount += 1 }
        queues[waiter.athlete, default: []].append(waiter)
        if queues[waiter.athlete]?.count == 1 { enter(waiter.athlete) }
    }

    /// The call that goes next; nil when none waits.
    mutating func first() -> Waiter? {
        while let entry = heap.min {
            if validOrder[entry.athlete] == entry.order { return queues[entry.athlete]?.first }
            heap.removeMin()
        }
        return nil
    }

    /// The first waiting call for which `condition` holds.
    func first(where condition: (Waiter) -> Bool) -> Waiter? {
        for entry in heap.unordered.filter({ validOrder[$0.athlete] == $0.order }).sorted() {
            if let waiter = queues[entry.athlete]?.first(where: condition) { return waiter }
        }
        return nil
    }

    /// Removes this waiting call and charges its athlete. When it is the next one, its tag becomes the present.
    mutating func take(_ waiter: Waiter) {
        let tag = max(nextTag[waiter.athlete] ?? 0, present)
        if first()?.athlete == waiter.athlete {
            present = tag
            heap.removeMin()
        }
        nextTag[waiter.athlete] = tag + 1
        if nextTag.count > 2 * queues.count + 1024 { nextTag = nextTag.filter { $0.value > present } }
        remove(waiter, reenter: true)
    }

    /// Removes a waiting call that was cancelled. False when it does not wait here.
    mutating func cancel(_ id: UInt64, of athlete: AthleteID) -> Bool {
        guard let waiter = queues[athlete]?.first(where: { $0.id == id }) else { return false }
        remove(waiter, reenter: false)
        return true
    }

    private mutating func remove(_ waiter: Waiter, reenter: Bool) {
        guard let index = queues[waiter.athlete]?.firstIndex(where: { $0.id == waiter.id }) else { return }
        count -= 1
        if waiter.reportsUsage { reportingCount -= 1 }
        queues[waiter.athlete]?.remove(at: index)
        if queues[waiter.athlete]?.isEmpty == true {
            queues[waiter.athlete] = nil
            validOrder[waiter.athlete] = nil
        } else if reenter {
            enter(waiter.athlete)
        }
    }

    private mutating func enter(_ athlete: AthleteID) {
        lastOrder += 1
        validOrder[athlete] = lastOrder
        heap.insert(Entry(tag: max(nextTag[athlete] ?? 0, present), order: lastOrder, athlete: athlete))
    }
}
