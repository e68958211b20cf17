import ControlAPI
import Core
import Database
import Foundation
import Hummingbird
import Sync

extension ControlRoutes {
    private static let endpointBytesMax = 32
    private static let reasonBytesMax = 128

    func quarantine(_ request: Request) async throws -> QuarantineMessage {
        let max = Int64(QuarantineMessage.entriesMax)
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let limit = try RequestReading.integer(request, "limit", in: 1...max) ?? max
        let entries = try await EntryQueries(database: dependencies.database).list(athlete: athlete, limit: Int(limit))
        return QuarantineMessage(total: try await quarantineTotal(athlete), entries: entries)
    }

    /// Entries of one athlete or of all (nil).
    func quarantineTotal(_ athlete: Int64?) async throws -> Int {
        let ids = AthleteRange.of(athlete)
        let rows = try await dependencies.database.query(
            "SELECT count(*) FROM sync.quarantine WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)")
        return try rows[0].decode(Int.self)
    }

    func quarantineEntry(_ request: Request) async throws -> QuarantineEntryMessage {
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let object = try RequestReading.integer(request, "object_id", in: Int64.min...Int64.max)
        guard let athlete, let object, let endpoint = request.uri.queryParameters["endpoint"] else {
            throw ControlRefusal.badRequest("athlete_id, endpoint and object_id are required")
        }
        let name = try checked(endpoint: String(endpoint))
        guard let entry = try await EntryQueries(database: dependencies.database).entry(athlete: athlete, endpoint: name, object: object)
        else {
            throw ControlRefusal.noEntry
        }
        return entry
    }

    func retryQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let body = try await selection(request)
        let now = dependencies.clock.now
        let entry = try body.endpoint.map { QuarantineDesk.EntryName(endpoint: $0, objectID: try object(body)) }
        let count = try await desk.retry(AthleteID(body.athleteID), entry)
        return QuarantineDoneMessage(entries: count, requestedAt: now)
    }

    func retryAllQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let body: QuarantineRetryAll = try await RequestReading.message(request)
        guard (body.reason?.utf8.count ?? 1) <= Self.reasonBytesMax, (body.after ?? 0) >= 0 else {
            throw ControlRefusal.badRequest("reason must have at most \(Self.reasonBytesMax) bytes, and after must not be negative")
        }
        let now = dependencies.clock.now
        let done = try await desk.retryAll(reason: body.reason, after: AthleteID(body.after ?? 0))
        return QuarantineDoneMessage(entries: done.entries, requestedAt: now, nextAfter: done.nextAfter?.rawValue)
    }

    func dropQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let body = try await selection(request)
        guard let endpoint = body.endpoint else { throw ControlRefusal.badRequest("endpoint and object_id are required") }
        let now = dependencies.clock.now
        try await desk.drop(AthleteID(body.athleteID), .init(endpoint: endpoint, objectID: try object(body)))
        return QuarantineDoneMessage(entries: 1, requestedAt: now)
    }

    private var desk: QuarantineDesk { QuarantineDesk(database: dependencies.database, clock: dependencies.clock) }

    private func selection(_ request: Request) async throws -> QuarantineSelection {
        let body: QuarantineSelection = try await RequestReading.message(request)
        guard body.athleteID > 0 else { throw ControlRefusal.badRequest("athlete_id must be positive") }
        guard (body.endpoint == nil) == (body.objectID == nil) else {
            throw ControlRefusal.badRequest("endpoint and object_id must be given together")
        }
        if let endpoint = body.endpoint { _ = try checked(endpoint: endpoint) }
        return body
    }

    private func object(_ body: QuarantineSelection) throws -> Int64 {
        guard let object = body.objectID else { throw ControlRefusal.badRequest("endpoint and object_id must be given together") }
        return object
    }

    private func checked(endpoint: String) throws -> String {
        guard (1...Self.endpointBytesMax).contains(endpoint.utf8.count), endpoint.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw ControlRefusal.badRequest("endpoint must be a word of at most \(Self.endpointBytesMax) characters, for example streams")
        }
        return endpoint
    }
}

/// Reads the entries of `sync.quarantine`.
private struct EntryQueries: Sendable {
    let database: Database

    /// Newest first; `athlete` nil: of all athletes.
    func list(athlete: Int64?, limit: Int) async throws -> [QuarantineMessage.QuarantinedObject] {
        let ids = AthleteRange.of(athlete)
        let rows = try await database.query(
            """
            SELECT athlete_id, endpoint, object_id, reason, detail, attempts, first_at, last_at, coalesce(length(body), 0)
            FROM sync.quarantine WHERE athlete_id BETWEEN \(ids.lowerBound) AND \(ids.upperBound)
            ORDER BY last_at DESC, athlete_id, endpoint, object_id LIMIT \(limit)
            """)
        return try rows.map(entry)
    }

    /// Nil: no such entry.
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

    private func ledger(_ row: Row) throws -> QuarantineEntryMessage.LedgerRow? {
        guard let state = try row.column(9, as: String?.self) else { return nil }
        return .init(
            state: state, reason: try row.column(10), attempts: try row.column(11), nextTryAt: try row.column(12),
            startAt: try row.column(13))
    }

    private func entry(_ row: Row) throws -> QuarantineMessage.QuarantinedObject {
        let (athlete, endpoint, object, reason, detail, attempts, firstAt, lastAt, bytes) = try row.decode(
            Int64.self, String.self, Int64.self, String.self, String?.self, Int.self, Date.self, Date.self, Int.self)
        return .init(
            athleteID: athlete, endpoint: endpoint, objectID: object, reason: reason, detail: detail, attempts: attempts,
            firstAt: firstAt, lastAt: lastAt, bodyBytes: bytes)
    }
}
