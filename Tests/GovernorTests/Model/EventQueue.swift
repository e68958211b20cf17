/// Events in the order of their times; a binary heap.
struct EventQueue<Event> {
    private var heap: [(time_s: Double, order: Int, event: Event)] = []
    private var order = 0

    mutating func add(_ event: Event, at time_s: Double) {
        order += 1
        heap.append((time_s, order, event))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> (time_s: Double, event: Event)? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == parent { return (first.time_s, first.event) }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time_s, heap[left].order) < (heap[right].time_s, heap[right].order)
    }
}
