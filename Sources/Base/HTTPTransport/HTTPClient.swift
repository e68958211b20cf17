import Core
import Foundation

/// Sends HTTP requests through libcurl: one thread, kept-alive connections, at most `inFlightMax` requests at a time, the others queued in
/// order.
///
/// It verifies TLS certificates, follows no redirect, supports only http and https, and writes each request to a connection at most once.
/// Proxies are taken from the environment (`https_proxy`, `no_proxy`), as by the curl program.
public final class HTTPClient: Sendable {
    private let multi: MultiHandle
    private let inbox: TransferInbox
    private let inFlightMax: Live<Int>

    /// - Parameters:
    ///   - inFlightMax: requests in flight at the same time (about 15 kB of memory each, plus the bodies).
    ///   - queuedMax: queued requests; one more fails with `queueFull`.
    ///   - userAgent: the `User-Agent` field of every request.
    public init(inFlightMax: Int = 32, queuedMax: Int = 4096, userAgent: String) {
        precondition(inFlightMax > 0 && queuedMax >= 0, "a client sends at least one request at a time")
        multi = MultiHandle(connectionsMax: inFlightMax)
        inbox = TransferInbox(openMax: inFlightMax + queuedMax)
        let limit = Live(inFlightMax)
        self.inFlightMax = limit
        let (multi, inbox) = (multi, inbox)
        let thread = Thread {
            TransferLoop(multi: multi, inbox: inbox, userAgent: userAgent, inFlightMax: limit).run()
        }
        thread.name = "http"
        thread.start()
    }

    deinit { stop() }

    /// The complete answer, whatever its status.
    ///
    /// - Throws: `HTTPTransportError`, also when the task is cancelled (`cancelled`) or the client has been shut down (`closed`).
    public func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard !Task.isCancelled else { throw HTTPTransportError(code: .cancelled, mayHaveReachedServer: false) }
        let id = inbox.nextID()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { submit(Submission(id: id, request: request, waiter: $0)) }
        } onCancel: {
            cancel(id)
        }
    }

    /// Changes the number of requests in flight. Those beyond a smaller one end as they would.
    public func setInFlightMax(_ count: Int) {
        inFlightMax.replace(with: max(1, count))
        multi.wake()
    }

    /// Runs `body` with a client of its own, which is shut down afterwards: for one request now and then.
    public static func with<Answer: Sendable>(
        userAgent: String, isolation: isolated (any Actor)? = #isolation, _ body: (HTTPClient) async throws -> Answer
    ) async throws -> Answer {
        let client = HTTPClient(userAgent: userAgent)
        let result: Result<Answer, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.shutdown()
        return try result.get()
    }

    /// Ends all requests with `closed`, closes all connections, and returns when the thread has ended. May be called again.
    public func shutdown() async {
        stop()
        await inbox.waitForEnd()
    }

    private func submit(_ submission: Submission) {
        switch inbox.add(submission) {
        case .taken: multi.wake()
        case .full: fail(submission, .queueFull)
        case .closed: fail(submission, .closed)
        }
        // A cancellation that came before `add` found nothing to cancel; it is repeated here.
        if Task.isCancelled { cancel(submission.id) }
    }

    private func fail(_ submission: Submission, _ code: HTTPTransportError.Code) {
        submission.waiter.resume(throwing: HTTPTransportError(code: code, mayHaveReachedServer: false))
    }

    private func cancel(_ id: UInt64) {
        inbox.cancel(id)
        multi.wake()
    }

    private func stop() {
        inbox.stop()
        multi.wake()
    }
}
