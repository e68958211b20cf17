/// Lets a bounded number of tests in at once, first come, first served. Swift Testing itself starts them all.
actor TestGate {
    static let databases = TestGate(countMax: 8)
    /// Roles belong to the whole server: two tests that make them at once would trip over each other.
    static let roles = TestGate(countMax: 1)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(countMax: Int) { free = countMax }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
