/// Lets a fixed number through at a time, first come, first served. Part of an actor's state; those who wait are that actor's own tasks.
struct Turnstile {
    private var freeCount: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(countMax: Int) { freeCount = countMax }

    mutating func enter(_ continuation: CheckedContinuation<Void, Never>) {
        if freeCount > 0 {
            freeCount -= 1
            continuation.resume()
        } else {
            waiting.append(continuation)
        }
    }

    mutating func leave() {
        if waiting.isEmpty { freeCount += 1 } else { waiting.removeFirst().resume() }
    }
}
