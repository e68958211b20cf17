import ControlAPI
import Core
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    /// A line is sent at least this often, since a client that is gone shows only at the next write.
    private static let heartbeat = Duration.seconds(5)
    private static let pollInterval = Duration.milliseconds(500)
    /// Asking takes at most a tenth of one connection's time, however many athletes there are.
    private static let pollShare = 10

    /// Streams progress lines until the sync that was asked for at `since` has ended, or the daemon stops.
    func progress(_ id: Int64?, _ request: Request) async throws -> Response {
        let since = try RequestReading.time(request, "since")
        if let id { _ = try await athlete(id) }
        let queries = ProgressQueries(
            database: dependencies.database, athlete: id, since: since, only: try RequestReading.steps(request))
        let body = ResponseBody { writer in
            do {
                try await follow(queries) { line in try await writer.write(ByteBuffer(bytes: line)) }
            } catch is CancellationError {
                logger.log(.debug, "progress stream cut by stop", [:])
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private func follow(_ queries: ProgressQueries, _ send: ([UInt8]) async throws -> Void) async throws {
        var last: (message: ProgressMessage, sentAt: ContinuousClock.Instant)?
        while true {
            let start = ContinuousClock.now
            let message = try await queries.progress(now: dependencies.clock.now, waiting: await limits().waiting)
            if last.map({ !$0.message.isSameExceptTime(message) || start - $0.sentAt >= Self.heartbeat }) ?? true {
                try await send(try ControlJSON.encode(message) + [UInt8(ascii: "\n")])
                last = (message, start)
            }
            if message.outcome != nil { return }
            let rest = max(Self.pollInterval, (ContinuousClock.now - start) * Self.pollShare)
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: rest) }
        }
    }
}
