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

    /// Streams progress lines until the sync requested at `since` has ended or the daemon stops.
    func progress(_ id: Int64?, _ request: Request) async throws -> Response {
        let since = try RequestReading.time(request, "since")
        if let id { _ = try await athlete(id) }
        let queries = ProgressQueries(
            database: dependencies.database, athlete: id, since: since, only: try RequestReading.steps(request))
        let body = ResponseBody { writer in
            do {
                try await follow(queries) { line in try await writer.write(ByteBuffer(bytes: line)) }
            } catch is CancellationError {
                logger.log(.debug, "progress stream ended by a stop", [:])
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
            let rest = max(Self.pollInterval, (ContinuousClock.now - start) * Self.pollPause)
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: rest) }
        }
    }
}

/// Reads the progress of the sync that was requested at `since`, of one athlete or of all.
struct ProgressQueries: Sendable {
    private let database: Database
    private let ids: ClosedRange<Int64>
    private let since: Date
    /// The endpoints concerned.
    private let endpoints: [String]

    /// - Parameter only: the requested steps; nil: all.
    init(database: Database, athlete: Int64?, since: Date, only: [SyncStep]? = nil) {
        self.database = database
        endpoints = (only?.map(\.rawValue) ?? ["summary", "detail", "streams", "zones"])
        self.since = since
        ids = AthleteRange.of(athlete)
    }

    /// An athlete is done when its turn ended after `since`, no request and no lease is left, nothing is due and its silver is up to date. An
    /// athlete whose turn ended with an error has failed.
    func progress(now: Date, waiting: WaitingMessage?) async throws -> ProgressMessage {
        let rows = try await database.withConnection { connection in
            try await connection.pipeline([turnsSQL(now), ledgerSQL(now), errorSQL])
        }
        let (athletes, done, failed, paused, working) = try rows[0][0].decode(Int.self, Int.self, Int.self, Int.self, Int.self)
        let (activities, landed, pending) = try rows[1][0].decode(Int.self, Int.self, Int.self)
        let isOver = done + failed + paused >= athletes
        let outcome: ProgressMessage.SyncOutcome? = isOver ? (failed > 0 ? .failed : paused > 0 ? .paused : .done) : nil
        return ProgressMessage(
            at: now, athletes: athletes, finished: done + failed, working: working, activities: activities, landed: landed,
            pending: pending, waiting: waiting, outcome: outcome,
            error: failed > 0 ? try rows[2].first?.column(0, as: String.self) : nil)
    }

    private func turnsSQL(_ now: Date) -> SQL {
        """
        SELECT count(*), count(*) FILTER (WHERE turn = 'done'), count(*) FILTER (WHERE turn = 'failed'),
               count(*) FILTER (WHERE turn = 'paused'), count(*) FILTER (WHERE turn = 'working')
        FROM (
            SELECT CASE
                WHEN a.state = 'reconnect' THEN 'failed'
                WHEN s.lease_owner IS NOT NULL AND s.lease_expires_at > \(now) THEN 'working'
                WHEN s.request IS NULL AND s.last_finished_at >= \(since) AND s.last_error IS NOT NULL THEN 'failed'
                WHEN a.paused_until > \(now) OR EXISTS (
                    SELECT FROM sync.setting WHERE key = 'paused_until' AND (value #>> '{}')::timestamptz > \(now)) THEN 'paused'
                WHEN s.request IS NULL AND s.last_finished_at >= \(since)
                    AND NOT EXISTS (
                        SELECT FROM sync.completeness k WHERE k.athlete_id = a.athlete_id AND k.state IN ('pending', 'failed')
                            AND k.endpoint = ANY (\(endpoints))
                            AND (k.next_try_at IS NULL OR k.next_try_at <= \(now)))
                    AND NOT EXISTS (SELECT FROM sync.transform_work w WHERE w.athlete_id = a.athlete_id)
                    THEN 'done'
                ELSE 'waiting' END AS turn
            FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
            WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND a.state <> 'erasing'
        ) turns
        """
    }

    private func ledgerSQL(_ now: Date) -> SQL {
        """
        SELECT (SELECT count(*) FROM sync.activity
                WHERE gone_at IS NULL AND athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)),
               count(*) FILTER (WHERE state = 'landed'),
               count(*) FILTER (WHERE state IN ('pending', 'failed') AND (next_try_at IS NULL OR next_try_at <= \(now)))
        FROM sync.completeness WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND endpoint = ANY (\(endpoints))
        """
    }

    private var errorSQL: SQL {
        """
        SELECT coalesce(s.last_error, a.state_reason, 'the athlete must connect again')
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
        WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)
            AND (a.state = 'reconnect' OR s.last_error IS NOT NULL AND s.last_finished_at >= \(since))
        ORDER BY s.last_finished_at DESC NULLS LAST LIMIT 1
        """
    }
}
