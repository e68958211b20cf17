import ControlAPI
import Core
import Hummingbird
import Sync

extension ControlRoutes {
    private static let endpointBytesMax = 32
    private static let reasonBytesMax = 128

    func quarantineEntry(_ request: Request) async throws -> QuarantineEntryMessage {
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let object = try RequestReading.integer(request, "object_id", in: Int64.min...Int64.max)
        guard let athlete, let object, let endpoint = request.uri.queryParameters["endpoint"] else {
            throw ControlRefusal.badRequest("athlete_id, endpoint and object_id name an entry")
        }
        let name = try checked(endpoint: String(endpoint))
        let queries = QuarantineQueries(database: dependencies.database)
        guard let entry = try await queries.entry(athlete: athlete, endpoint: name, object: object) else {
            throw ControlRefusal(.notFound, "nothing of that name is set aside; fitnessctl quarantine list shows what is")
        }
        return entry
    }

    func retryQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let asked = try await selection(request)
        let now = dependencies.clock.now
        let entry = try asked.endpoint.map { QuarantineDesk.EntryName(endpoint: $0, objectID: try object(asked)) }
        let count = try await desk.retry(AthleteID(asked.athleteID), entry)
        return QuarantineDoneMessage(entries: count, requestedAt: now)
    }

    func retryAllQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let asked: QuarantineRetryAll = try await RequestReading.message(request)
        guard (asked.reason?.utf8.count ?? 1) <= Self.reasonBytesMax, (asked.after ?? 0) >= 0 else {
            throw ControlRefusal.badRequest("reason has at most \(Self.reasonBytesMax) bytes, and after is no negative number")
        }
        let now = dependencies.clock.now
        let done = try await desk.retryAll(reason: asked.reason, after: AthleteID(asked.after ?? 0))
        return QuarantineDoneMessage(entries: done.entries, requestedAt: now, nextAfter: done.nextAfter?.rawValue)
    }

    func dropQuarantine(_ request: Request) async throws -> QuarantineDoneMessage {
        let asked = try await selection(request)
        guard let endpoint = asked.endpoint else { throw ControlRefusal.badRequest("endpoint and object_id name the entry to drop") }
        let now = dependencies.clock.now
        try await desk.drop(AthleteID(asked.athleteID), .init(endpoint: endpoint, objectID: try object(asked)))
        return QuarantineDoneMessage(entries: 1, requestedAt: now)
    }

    private var desk: QuarantineDesk { QuarantineDesk(database: dependencies.database, clock: dependencies.clock) }

    private func selection(_ request: Request) async throws -> QuarantineSelection {
        let asked: QuarantineSelection = try await RequestReading.message(request)
        guard asked.athleteID > 0 else { throw ControlRefusal.badRequest("athlete_id must be positive") }
        guard (asked.endpoint == nil) == (asked.objectID == nil) else {
            throw ControlRefusal.badRequest("endpoint and object_id go together")
        }
        if let endpoint = asked.endpoint { _ = try checked(endpoint: endpoint) }
        return asked
    }

    private func object(_ asked: QuarantineSelection) throws -> Int64 {
        guard let object = asked.objectID else { throw ControlRefusal.badRequest("endpoint and object_id go together") }
        return object
    }

    private func checked(endpoint: String) throws -> String {
        guard (1...Self.endpointBytesMax).contains(endpoint.utf8.count), endpoint.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw ControlRefusal.badRequest("endpoint is a word of at most \(Self.endpointBytesMax) letters, for example streams")
        }
        return endpoint
    }
}
