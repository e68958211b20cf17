import CLibcurl
import Foundation

/// The loop on the one thread that works with libcurl: takes orders from the inbox, keeps at most `inFlightMax` transfers running, lets
/// the rest wait in order, and answers each submission exactly once.
final class TransferLoop {
    private let multi: MultiHandle
    private let inbox: TransferInbox
    private let userAgent: String
    private let inFlightMax: Int
    private var waiting: [Submission] = []
    private var inFlight: [UInt64: Transfer] = [:]

    /// libcurl's timers and `wake` end a wait earlier; this is only how often an idle loop turns.
    private static let idleWaitMS: Int32 = 60_000

    init(multi: MultiHandle, inbox: TransferInbox, userAgent: String, inFlightMax: Int) {
        self.multi = multi
        self.inbox = inbox
        self.userAgent = userAgent
        self.inFlightMax = inFlightMax
    }

    /// Runs until the inbox says stop; then every open submission has been answered.
    func run() {
        while runOnce() {
            // A poll that fails at once (no descriptors, no memory) must not make the thread spin.
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
        let free = min(inFlightMax - inFlight.count, waiting.count)
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

    /// An order for a submission that has ended already is no error: both were on their way.
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
