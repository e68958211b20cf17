/// `sync.schedule` in memory: who is due when, by priority. Who is in work is not in it. The claim follows `ScheduleQueries.claim`.
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

    /// As `ScheduleQueries.isAnyoneDue`.
    func isAnyoneDue(priority: Int, now_s: Double) -> Bool { lines[priority].first.map { $0.time_s <= now_s } ?? false }

    /// Athletes that are due and not in work.
    func overdue(at now_s: Double) -> Int { lines.reduce(0) { $0 + $1.count(until: now_s) } }
}
