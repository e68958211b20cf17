import Synchronization

/// Holds matching answers until a test opens it. The request has taken effect by then.
public final class AnswerGate: Sendable {
    private struct State {
        var isOpen = false
        var nextID = 0
        var held: [Int: CheckedContinuation<Void, Never>] = [:]
        var left: Set<Int> = []
        var watchers: [(count: Int, wake: CheckedContinuation<Void, Never>)] = []
    }

    let match: RequestMatch
    private let state = Mutex(State())

    init(match: RequestMatch) { self.match = match }

    /// How many answers it holds now.
    public var heldCount: Int { state.withLock { $0.held.count } }

    /// Returns as soon as it holds `count` answers.
    public func waitForHeld(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.held.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// Lets all answers pass, those it holds and all later ones.
    public func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer {
                state.held = [:]
                state.watchers = []
            }
            return Array(state.held.values) + state.watchers.map(\.wake)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until the gate opens or the task is cancelled, as when the server stops.
    func pass() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { hold(id, $0) }
        } onCancel: {
            let held = state.withLock { state in
                let held = state.held.removeValue(forKey: id)
                if held == nil { state.left.insert(id) }
                return held
            }
            held?.resume()
        }
    }

    private func hold(_ id: Int, _ continuation: CheckedContinuation<Void, Never>) {
        let (isFree, woken) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            if state.isOpen || state.left.remove(id) != nil { return (true, []) }
            state.held[id] = continuation
            let count = state.held.count
            let woken = state.watchers.filter { $0.count <= count }.map(\.wake)
            state.watchers.removeAll { $0.count <= count }
            return (false, woken)
        }
        if isFree { continuation.resume() }
        for watcher in woken { watcher.resume() }
    }
}
