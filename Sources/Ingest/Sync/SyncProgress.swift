import Core
import Database
import Foundation
import SyncStore

/// How far the syncs are that were requested at an instant, of one athlete or of all.
public struct SyncProgress: Sendable, Equatable {
    public enum Outcome: String, Sendable { case done, failed, paused }

    /// Athletes, and of them those whose sync is done, has failed, is paused, or is being worked on. The others wait.
    public let athletes: Int
    public let done: Int
    public let failed: Int
    public let paused: Int
    public let working: Int
    public let activities: Int
    /// Answers that landed, and those that are still to be fetched.
    public let landed: Int
    public let pending: Int
    /// The last error, when a sync has failed.
    public let error: String?

    /// Nil: not over yet.
    public var outcome: Outcome? {
        guard done + failed + paused >= athletes else { return nil }
        return failed > 0 ? .failed : paused > 0 ? .paused : .done
    }

    /// An athlete is done when its turn ended after `since`, no request and no lease is left, nothing is due and its silver is up to date. An
    /// athlete whose turn ended with an error has failed.
    ///
    /// - Parameters:
    ///   - athlete: nil: all.
    ///   - only: the requested steps; nil: all.
    public static func read(
        of athlete: AthleteID?, since: Date, only: [SyncStep]? = nil, from database: Database, now: Date
    ) async throws -> SyncProgress {
        let ids = athlete.map { $0.rawValue...$0.rawValue } ?? Int64.min...Int64.max
        let endpoints = only?.map(\.rawValue) ?? ["summary", "detail", "streams", "zones"]
        let rows = try await database.withConnection { connection in
            try await connection.pipeline([
                turnsSQL(ids, since, endpoints, now), ledgerSQL(ids, endpoints, now), errorSQL(ids, since),
            ])
        }
        let (athletes, done, failed, paused, working) = try rows[0][0].decode(Int.self, Int.self, Int.self, Int.self, Int.self)
        let (activities, landed, pending) = try rows[1][0].decode(Int.self, Int.self, Int.self)
        return SyncProgress(
            athletes: athletes, done: done, failed: failed, paused: paused, working: working, activities: activities, landed: landed,
            pending: pending, error: failed > 0 ? try rows[2].first?.column(0, as: String.self) : nil)
    }

    private static func turnsSQL(_ ids: ClosedRange<Int64>, _ since: Date, _ endpoints: [String], _ now: Date) -> SQL {
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

    private static func ledgerSQL(_ ids: ClosedRange<Int64>, _ endpoints: [String], _ now: Date) -> SQL {
        """
        SELECT (SELECT count(*) FROM sync.activity
                WHERE gone_at IS NULL AND athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)),
               count(*) FILTER (WHERE state = 'landed'),
               count(*) FILTER (WHERE state IN ('pending', 'failed') AND (next_try_at IS NULL OR next_try_at <= \(now)))
        FROM sync.completeness WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound) AND endpoint = ANY (\(endpoints))
        """
    }

    private static func errorSQL(_ ids: ClosedRange<Int64>, _ since: Date) -> SQL {
        """
        SELECT coalesce(s.last_error, a.state_reason, 'the athlete must connect again')
        FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
        WHERE a.athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)
            AND (a.state = 'reconnect' OR s.last_error IS NOT NULL AND s.last_finished_at >= \(since))
        ORDER BY s.last_finished_at DESC NULLS LAST LIMIT 1
        """
    }
}
