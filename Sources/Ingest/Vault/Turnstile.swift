/// Lets a fixed number through at a time, first come, first served. Part of an actor's state; those who wait are that actor's own tasks.
struct Turnstile {
    /// More than ever work at once: each waits for one athlete's token.
    static let waitingMax = 1_024

    private var freeCount: Int
    private var waiting: [CheckedContinuation<Bool, Never>] = []

    init(countMax: Int) { freeCount = countMax }

    /// Resumes with true when it is this one's turn, with false when too many wait already.
    mutating func enter(_ continuation: CheckedContinuation<Bool, Never>) {
        if freeCount > 0 {
            freeCount -= 1
            continuation.resume(returning: true)
        } else if waiting.count >= Self.waitingMax {
            continuation.resume(returning: false)
        } else {
            waiting.append(continuation)
        }
    }

    /// Only for those who were let through.
    mutating func leave() {
        if waiting.isEmpty { freeCount += 1 } else { waiting.removeFirst().resume(returning: true) }
    }
}
