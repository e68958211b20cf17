import CLibcurl
import Core
import Foundation
import Synchronization

/// The loop on the one thread that uses libcurl: takes orders from the inbox, keeps at most `inFlightMax` transfers running, queues the
/// others in order, and answers each submission exactly once.
final class TransferLoop {
    private let multi: MultiHandle
    private let inbox: TransferInbox
    private let userAgent: String
    private let inFlightMax: Live<Int>
    /// Connections that libcurl keeps.
    private var connectionsMax: Int
    private var waiting: [Submission] = []
    private var inFlight: [UInt64: Transfer] = [:]

    /// The longest wait of an idle loop; libcurl's timers and `wake` end it earlier.
    private static let idleWaitMS: Int32 = 60_000

    init(multi: MultiHandle, inbox: TransferInbox, userAgent: String, inFlightMax: Live<Int>) {
        self.multi = multi
        self.inbox = inbox
        self.userAgent = userAgent
        self.inFlightMax = inFlightMax
        connectionsMax = inFlightMax.value
    }

    /// Runs until the inbox orders a stop, and has then answered every open submission.
    func run() {
        while runOnce() {
            // A poll that fails at once (no descriptors, no memory) must not become a busy loop.
            if curl_multi_poll(multi.raw, nil, 0, Self.idleWaitMS, nil) != CURLM_OK { Thread.sleep(forTimeInterval: 0.01) }
        }
        inbox.loopEnded()
    }

    /// False when the loop has stopped.
    private func runOnce() -> Bool {
        let orders = inbox.take()
        waiting.append(contentsOf: orders.added)
        for id in orders.cancelled { abandon(id, code: .cancelled) }
        if orders.stops {
            abandonAll()
            return false
        }
        startWaiting()
        var running: Int32 = 0
        curl_multi_perform(multi.raw, &running)
        collectFinished()
        startWaiting()
        return true
    }

    private func startWaiting() {
        let most = inFlightMax.value
        if most != connectionsMax {
            connectionsMax = most
            multi.keepConnections(most)
        }
        let free = min(most - inFlight.count, waiting.count)
        guard free > 0 else { return }
        let next = waiting.prefix(free)
        waiting.removeFirst(free)
        for submission in next { start(submission) }
    }

    private func start(_ submission: Submission) {
        guard let transfer = Transfer(submission, userAgent: userAgent),
            curl_multi_add_handle(multi.raw, transfer.handle) == CURLM_OK
        else {
            answer(submission, .failure(HTTPTransportError(code: .malformed, mayHaveReachedServer: false)))
            return
        }
        inFlight[submission.id] = transfer
    }

    private func collectFinished() {
        var result = CURLE_OK
        while let handle = fitness_next_finished(multi.raw, &result) {
            guard let transfer = inFlight.values.first(where: { $0.handle == handle }) else { continue }
            finish(transfer, transfer.outcome(of: result))
        }
    }

    /// A submission that has ended already is no error: its end and the order crossed.
    private func abandon(_ id: UInt64, code: HTTPTransportError.Code) {
        if let transfer = inFlight[id] {
            finish(transfer, .failure(transfer.error(code)))
        } else if let index = waiting.firstIndex(where: { $0.id == id }) {
            answer(waiting.remove(at: index), .failure(HTTPTransportError(code: code, mayHaveReachedServer: false)))
        }
    }

    private func abandonAll() {
        for id in waiting.map(\.id) + inFlight.keys { abandon(id, code: .closed) }
    }

    private func finish(_ transfer: Transfer, _ outcome: Result<HTTPResponse, any Error>) {
        inFlight[transfer.submission.id] = nil
        curl_multi_remove_handle(multi.raw, transfer.handle)
        answer(transfer.submission, outcome)
    }

    private func answer(_ submission: Submission, _ outcome: Result<HTTPResponse, any Error>) {
        inbox.ended()
        submission.waiter.resume(with: outcome)
    }
}

/// The orders of tasks for the loop's thread, in the order given: submissions, cancellations and the stop.
final class TransferInbox: Sendable {
    struct Orders {
        var added: [Submission] = []
        var cancelled: [UInt64] = []
        var stops = false
    }

    enum AddDecision { case taken, full, closed }

    private struct State {
        var orders = Orders()
        var nextID: UInt64 = 0
        /// Submissions not yet answered, queued or in flight.
        var openCount = 0
        var hasEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let openMax: Int

    init(openMax: Int) { self.openMax = openMax }

    func nextID() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
    }

    func add(_ submission: Submission) -> AddDecision {
        state.withLock { state in
            if state.orders.stops { return .closed }
            if state.openCount >= openMax { return .full }
            state.openCount += 1
            state.orders.added.append(submission)
            return .taken
        }
    }

    func cancel(_ id: UInt64) {
        state.withLock { state in
            if !state.orders.stops { state.orders.cancelled.append(id) }
        }
    }

    func stop() { state.withLock { $0.orders.stops = true } }

    /// Returns the new orders. After `stop` nothing more can be added, so the last orders are complete.
    func take() -> Orders {
        state.withLock { state in
            let orders = state.orders
            state.orders = Orders(stops: orders.stops)
            return orders
        }
    }

    /// A submission has been answered.
    func ended() { state.withLock { $0.openCount -= 1 } }

    // MARK: The end of the loop

    func loopEnded() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.endWaiters = [] }
            return state.endWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.hasEnded { state.endWaiters.append(continuation) }
                return state.hasEnded
            }
            if isOver { continuation.resume() }
        }
    }
}

/// A request on its way from a task to the loop's thread, with the task's continuation.
struct Submission: Sendable {
    let id: UInt64
    let request: HTTPRequest
    let waiter: CheckedContinuation<HTTPResponse, any Error>
}

/// libcurl's multi handle: a set of transfers with their shared connections.
///
/// `@unchecked Sendable`: libcurl allows `curl_multi_wakeup` from any thread; all other functions are called on the loop's thread only, and
/// the handle lives until that thread has ended and no task can wake it any more.
final class MultiHandle: @unchecked Sendable {
    fileprivate let raw: UnsafeMutableRawPointer

    init(connectionsMax: Int) {
        _ = Self.library
        guard let raw = curl_multi_init() else { preconditionFailure("libcurl has no memory for a multi handle") }
        self.raw = raw
        keepConnections(connectionsMax)
    }

    /// At most so many connections are kept for further requests.
    func keepConnections(_ count: Int) { fitness_multi_set_long(raw, CURLMOPT_MAXCONNECTS, count) }

    deinit { curl_multi_cleanup(raw) }

    /// Ends the current or the next wait of the loop's thread.
    func wake() { curl_multi_wakeup(raw) }

    /// libcurl's global initialisation, once per process.
    private static let library: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))
}
