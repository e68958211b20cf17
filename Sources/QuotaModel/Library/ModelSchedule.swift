/// `sync.schedule` in memory: which athlete is due when, by priority, without those in work. Claims as `ScheduleQueries.claim` does.
struct ModelSchedule {
    /// One line for each priority of `RequestClass`.
    private var lines = [TimeQueue<Int>](repeating: TimeQueue(), count: 5)

    mutating func add(_ athlete: Int, priority: Int, due_s: Double) { lines[priority].add(athlete, at: due_s) }

    /// Takes up to `count` due athletes of these priorities, most urgent first, then longest due.
    mutating func claim(count: Int, priorities: ClosedRange<Int>, now_s: Double) -> [(athlete: Int, priority: Int)] {
        var claims: [(Int, Int)] = []
        for priority in priorities {
            while claims.count < count, let first = lines[priority].first, first.time_s <= now_s {
                claims.append((first.element, priority))
                lines[priority].removeFirst()
            }
        }
        return claims
    }

    /// As `TurnStanding.isAnyoneDue`.
    func isAnyoneDue(priority: Int, now_s: Double) -> Bool { lines[priority].first.map { $0.time_s <= now_s } ?? false }

    /// For each athlete of this priority, the share of the others who come before.
    func sharesAhead(priority: Int) -> [Int: Double] {
        let athletes = lines[priority].inOrder
        let last = Double(max(1, athletes.count - 1))
        return Dictionary(athletes.enumerated().map { ($1, Double($0) / last) }) { first, _ in first }
    }

    /// Athletes that are due and not in work.
    func overdue(at now_s: Double) -> Int { lines.reduce(0) { $0 + $1.count(until: now_s) } }
}

/// Elements by time, those with equal times in order of arrival; a binary heap.
struct TimeQueue<Element> {
    private var heap: [(time_s: Double, order: Int, element: Element)] = []
    private var order = 0

    var first: (time_s: Double, element: Element)? { heap.first.map { ($0.time_s, $0.element) } }

    mutating func add(_ element: Element, at time_s: Double) {
        order += 1
        heap.append((time_s, order, element))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// All elements, the first first.
    var inOrder: [Element] { heap.sorted { ($0.time_s, $0.order) < ($1.time_s, $1.order) }.map(\.element) }

    /// How many are due. Linear in the length of the queue.
    func count(until time_s: Double) -> Int { heap.count { $0.time_s <= time_s } }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time_s, heap[left].order) < (heap[right].time_s, heap[right].order)
    }
}
