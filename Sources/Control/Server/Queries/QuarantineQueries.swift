import ControlAPI
import Database
import Foundation
import Sync

/// What is set aside, and the recent failures of runs.
struct QuarantineQueries: Sendable {
    let database: Database

    /// Newest first; `athlete` nil: everybody's.
    func list(athlete: Int64?, limit: Int) async throws -> QuarantineMessage {
        let ids = AthleteRange.of(athlete)
        let rows = try await database.query(
            """
            SELECT athlete_id, endpoint, object_id, reason, detail, attempts, first_at, last_at, coalesce(length(body), 0)
            FROM sync.quarantine WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)
            ORDER BY last_at DESC, athlete_id, endpoint, object_id LIMIT \(limit)
            """)
        return QuarantineMessage(total: try await total(athlete), entries: try rows.map(entry))
    }

    /// What `status` and `list` both show: counted when asked.
    func total(_ athlete: Int64? = nil) async throws -> Int {
        let ids = AthleteRange.of(athlete)
        let rows = try await database.query(
            "SELECT count(*) FROM sync.quarantine WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)")
        return try rows[0].decode(Int.self)
    }

    /// Nil: there is no such entry.
    func entry(athlete: Int64, endpoint: String, object: Int64) async throws -> QuarantineEntryMessage? {
        let rows = try await database.query(
            """
            SELECT q.athlete_id, q.endpoint, q.object_id, q.reason, q.detail, q.attempts, q.first_at, q.last_at,
                   coalesce(length(q.body), 0), c.state, c.reason, c.attempts, c.next_try_at, c.start_at
            FROM sync.quarantine q
            LEFT JOIN sync.completeness c
              ON c.athlete_id = q.athlete_id AND c.activity_id = q.object_id AND c.endpoint = q.endpoint
            WHERE q.athlete_id = \(athlete) AND q.endpoint = \(endpoint) AND q.object_id = \(object)
            """)
        guard let row = rows.first else { return nil }
        let entry = try entry(row)
        let remedy = QuarantineRemedy(endpoint: entry.endpoint, objectID: entry.objectID)
        return QuarantineEntryMessage(entry: entry, ledger: try ledger(row), remedy: remedy.name)
    }

    private func ledger(_ row: Row) throws -> QuarantineEntryMessage.Ledger? {
        guard let state = try row.column(9, as: String?.self) else { return nil }
        return .init(
            state: state, reason: try row.column(10), attempts: try row.column(11), nextTryAt: try row.column(12),
            startAt: try row.column(13))
    }

    /// At most ten athletes whose last run failed, newest first.
    func lastErrors() async throws -> [StatusMessage.RunError] {
        let rows = try await database.query(
            """
            SELECT athlete_id, last_error, failures, last_finished_at FROM sync.schedule WHERE last_error IS NOT NULL
            ORDER BY last_finished_at DESC NULLS LAST LIMIT 10
            """)
        return try rows.map { row in
            let (athlete, error, failures, at) = try row.decode(Int64.self, String.self, Int.self, Date?.self)
            return .init(athleteID: athlete, error: error, failures: failures, at: at)
        }
    }

    private func entry(_ row: Row) throws -> QuarantineMessage.Entry {
        let (athlete, endpoint, object, reason, detail, attempts, firstAt, lastAt, bytes) = try row.decode(
            Int64.self, String.self, Int64.self, String.self, String?.self, Int.self, Date.self, Date.self, Int.self)
        return .init(
            athleteID: athlete, endpoint: endpoint, objectID: object, reason: reason, detail: detail, attempts: attempts,
            firstAt: firstAt, lastAt: lastAt, bodyBytes: bytes)
    }
}
