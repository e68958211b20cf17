/// A request on its way from a task to the loop's thread, with the place where its task waits.
struct Submission: Sendable {
    let id: UInt64
    let request: HTTPRequest
    let waiter: CheckedContinuation<HTTPResponse, any Error>
}
