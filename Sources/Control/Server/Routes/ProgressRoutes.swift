import ControlAPI
import Core
import Database
import Foundation
import Hummingbird
import NIOCore
import ServiceLifecycle
import Sync

extension ControlRoutes {
    /// A line is sent at least this often, because a disconnected client is only noticed by a write.
    private static let heartbeat = Duration.seconds(5)
    private static let pollInterval = Duration.milliseconds(500)
    /// The pause between two polls, in multiples of the time a poll takes: polling uses at most a tenth of one connection.
    private static let pollPause = 10
    /// How long PostgreSQL may be away before the stream ends with its error: a restart takes seconds.
    private static let outageMax = Duration.seconds(300)
    private static let outageInterval = Duration.seconds(2)

    /// Streams progress lines until the sync requested at `since` has ended or the daemon stops.
    func progress(_ id: Int64?, _ request: Request) async throws -> Response {
        let since = try RequestReading.time(request, "since")
        if let id { _ = try await athlete(id) }
        let only = try RequestReading.steps(request)
        let body = ResponseBody { writer in
            do {
                try await follow(id.map { AthleteID($0) }, since, only) { line in try await writer.write(ByteBuffer(bytes: line)) }
            } catch is CancellationError {
                logger.log(.debug, "progress stream ended by a stop", [:])
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "application/x-ndjson"], body: body)
    }

    private func follow(
        _ athlete: AthleteID?, _ since: Date, _ only: [SyncStep]?, _ send: ([UInt8]) async throws -> Void
    ) async throws {
        var last: (message: ProgressMessage, sentAt: ContinuousClock.Instant)?
        var readAt = ContinuousClock.now
        while true {
            let start = ContinuousClock.now
            let message: ProgressMessage
            do {
                message = try await progress(athlete, since, only)
                readAt = ContinuousClock.now
            } catch let error as DatabaseError where error.retryAdvice == .retry && start - readAt < Self.outageMax {
                guard let known = last?.message else { throw error }
                message = known.stale(at: dependencies.clock.now)
            }
            if last.map({ !$0.message.isSameExceptTime(message) || start - $0.sentAt >= Self.heartbeat }) ?? true {
                try await send(try ControlJSON.encode(message) + [UInt8(ascii: "\n")])
                last = (message, start)
            }
            if message.outcome != nil { return }
            let isAway = message.isStale ?? false
            let rest = isAway ? Self.outageInterval : max(Self.pollInterval, (ContinuousClock.now - start) * Self.pollPause)
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: rest) }
        }
    }

    private func progress(_ athlete: AthleteID?, _ since: Date, _ only: [SyncStep]?) async throws -> ProgressMessage {
        let now = dependencies.clock.now
        let progress = try await SyncProgress.read(of: athlete, since: since, only: only, from: dependencies.database, now: now)
        let outcome = progress.outcome.map { outcome -> ProgressMessage.SyncOutcome in
            switch outcome {
            case .done: .done
            case .failed: .failed
            case .paused: .paused
            }
        }
        return ProgressMessage(
            at: now, athletes: progress.athletes, finished: progress.done + progress.failed, working: progress.working,
            activities: progress.activities, landed: progress.landed, pending: progress.pending, waiting: await limits().waiting,
            outcome: outcome, error: progress.error)
    }
}
