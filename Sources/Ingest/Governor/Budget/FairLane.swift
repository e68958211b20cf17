import Core

/// The waiting calls of one class, shared fairly among athletes: each athlete's next call carries a tag that grows by 1/weight
/// with each call served (start-time fair queueing); the lowest tag goes first, and whoever was away starts at the present.
struct FairLane: Sendable {
    struct Waiter: Sendable {
        let id: UInt64
        let requestClass: RequestClass
        let athlete: AthleteID
        let weight: Double
        let reportsUsage: Bool
    }

    private struct Entry: Sendable {
        let tag: Double
        let order: UInt64
        let athlete: AthleteID
        func precedes(_ other: Entry) -> Bool { (tag, order) < (other.tag, other.order) }
    }

    private var present = 0.0
    private var nextOrder: UInt64 = 0
    /// Waiting calls of each athlete, oldest first.
    private var lines: [AthleteID: [Waiter]] = [:]
    /// Which heap entry of an athlete is valid.
    private var validOrder: [AthleteID: UInt64] = [:]
    /// Tag of each athlete's next call, kept while it lies ahead of the present.
    private var nextTag: [AthleteID: Double] = [:]
    /// Binary min-heap; entries of emptied lines stay until they come up.
    private var heap: [Entry] = []
    private(set) var count = 0
    /// Of those that wait, the ones whose answers will say what is used.
    private(set) var reportingCount = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ waiter: Waiter) {
        count += 1
        if waiter.reportsUsage { reportingCount += 1 }
        lines[waiter.athlete, default: []].append(waiter)
        if lines[waiter.athlete]?.count == 1 { enter(waiter.athlete) }
    }

    /// The call that goes next; nil when none waits.
    mutating func first() -> Waiter? {
        while let entry = heap.first {
            if validOrder[entry.athlete] == entry.order { return lines[entry.athlete]?.first }
            removeTop()
        }
        return nil
    }

    /// The first waiting call for which `suits` holds. A search through all that wait: for rare use.
    func first(where suits: (Waiter) -> Bool) -> Waiter? {
        let entries = heap.filter { validOrder[$0.athlete] == $0.order }.sorted { $0.precedes($1) }
        for entry in entries {
            if let waiter = lines[entry.athlete]?.first(where: suits) { return waiter }
        }
        return nil
    }

    /// Takes this waiting call and charges its athlete; when it is the next one, its tag is the present.
    mutating func take(_ waiter: Waiter) {
        let tag = max(nextTag[waiter.athlete] ?? 0, present)
        if first()?.athlete == waiter.athlete {
            present = tag
            removeTop()
        }
        nextTag[waiter.athlete] = tag + 1 / waiter.weight
        if nextTag.count > 2 * lines.count + 1024 { nextTag = nextTag.filter { $0.value > present } }
        remove(waiter, reenter: true)
    }

    /// Forgets a waiting call that was cancelled. False when it does not wait here.
    mutating func cancel(_ id: UInt64, of athlete: AthleteID) -> Bool {
        guard let waiter = lines[athlete]?.first(where: { $0.id == id }) else { return false }
        remove(waiter, reenter: false)
        return true
    }

    // MARK: Parts

    private mutating func remove(_ waiter: Waiter, reenter: Bool) {
        guard let index = lines[waiter.athlete]?.firstIndex(where: { $0.id == waiter.id }) else { return }
        count -= 1
        if waiter.reportsUsage { reportingCount -= 1 }
        lines[waiter.athlete]?.remove(at: index)
        if lines[waiter.athlete]?.isEmpty == true {
            lines[waiter.athlete] = nil
            validOrder[waiter.athlete] = nil
        } else if reenter {
            enter(waiter.athlete)
        }
    }

    private mutating func enter(_ athlete: AthleteID) {
        nextOrder += 1
        validOrder[athlete] = nextOrder
        let entry = Entry(tag: max(nextTag[athlete] ?? 0, present), order: nextOrder, athlete: athlete)
        heap.append(entry)
        var child = heap.count - 1
        while child > 0, heap[child].precedes(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func removeTop() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
