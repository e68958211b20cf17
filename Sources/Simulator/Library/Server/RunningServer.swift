/// A server that listens: its port and the task that serves.
struct RunningServer: Sendable {
    let port: Int
    let task: Task<Void, any Error>
}
