import ControlAPI
import Core
import Foundation
import Hummingbird
import Logging
import Sync

/// The one way from a request to its handler: checks the peer's rights, records in the audit whatever is to change something, and logs who
/// asked. No handler does any of this itself.
extension ControlRoutes {
    /// A database that answers at all does so sooner.
    private static let databaseMax = Duration.seconds(3)

    /// - Parameter carryOut: the handler.
    func dispatch(
        _ route: ControlRoute, _ request: Request, _ context: ControlContext, _ carryOut: (Request) async throws -> Response
    ) async throws -> Response {
        let peer = context.peer
        guard peer.may(route.access) else {
            try await refuse(route, peer, path: request.uri.path)
        }
        guard route.access == .admin else {
            log(.debug, "control request", route, peer, path: request.uri.path)
            if route.isReadFromDatabase { try await checkDatabase() }
            return try await carryOut(request)
        }
        var request = request
        // A body that can't be read is a refusal like any other.
        var unreadable: (any Error)?
        var parameters = AuditParameters(route, path: request.uri.path)
        do { parameters = try await AuditParameters.read(route, &request, context) } catch { unreadable = error }
        let audit = try await gate.desk.begin(parameters.entry(route, peer))
        do {
            if let unreadable { throw unreadable }
            let response = try await carryOut(request)
            await end(audit, nil, route, peer, path: request.uri.path)
            return response
        } catch {
            await end(audit, RecordedRefusal(error, request), route, peer, path: request.uri.path)
            throw error
        }
    }

    /// Who looks at the daemon's state is told soon that PostgreSQL does not answer, which may be why they look.
    private func checkDatabase() async throws {
        let isThere = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await dependencies.database.query("SELECT")
                return true
            }
            group.addTask {
                try await Task.sleep(for: Self.databaseMax)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        if isThere { return }
        let why = dependencies.notices.unready.map { " (\($0))" } ?? ""
        throw ControlRefusal(
            .unavailable,
            "PostgreSQL has not answered for \(Int(Self.databaseMax.seconds)) s\(why); fitnessctl doctor looks at each part")
    }

    /// Refuses a peer who lacks the right; a request for a change is recorded, as long as there are not too many.
    ///
    /// - Parameter route: nil: there is no such route.
    func refuse(_ route: ControlRoute?, _ peer: ControlPeer, path: String) async throws -> Never {
        let refusal = ControlRefusal(.notAllowed, gate.reason(peer))
        if let route, gate.mayRecord(refusalOf: peer) {
            log(.warning, "control request not allowed", route, peer, path: path)
            if route.access == .admin {
                let audit = try await gate.desk.begin(AuditParameters(route, path: path).entry(route, peer))
                try await gate.desk.end(audit, refusal: refusal.code.rawValue, isOurs: false)
            }
        }
        throw refusal
    }

    /// Completes the record. The change stands, or does not, whatever becomes of this.
    private func end(_ audit: Int64, _ refusal: RecordedRefusal?, _ route: ControlRoute, _ peer: ControlPeer, path: String) async {
        log(.notice, refusal == nil ? "control request carried out" : "control request refused", route, peer, path: path, refusal?.word)
        // In a task that nobody cancels: the client may be gone.
        await Task { [gate, logger] in
            do {
                try await gate.desk.end(audit, refusal: refusal?.word, isOurs: refusal?.isOurs ?? false)
            } catch {
                logger.log(.error, "audit not completed", error, [.action: route.action])
            }
        }.value
    }

    private func log(
        _ level: Logger.Level, _ message: Logger.Message, _ route: ControlRoute, _ peer: ControlPeer, path: String,
        _ code: String? = nil
    ) {
        var values: [LogKey: any CustomStringConvertible & Sendable] = [
            .action: route.action, .user: peer.name ?? "none", .userID: peer.userID,
        ]
        if let code { values[.code] = code }
        // An erasure names nobody.
        if route != .eraseAthlete, case .athlete(let athlete)? = AuditParameters(route, path: path).subject { values[.athleteID] = athlete }
        logger.log(level, message, values)
    }
}

/// Why a request was not carried out, as the audit has it.
private struct RecordedRefusal {
    let word: String
    /// Neither a mistake of the client nor its disconnect.
    let isOurs: Bool

    init(_ error: any Error, _ request: Request) {
        let code = ControlRefusal(error, request).code
        let isInterrupted = Interruption(error) != nil
        word = isInterrupted ? "interrupted" : code.rawValue
        isOurs = code.status >= 500 && !isInterrupted
    }
}

extension AuditParameters {
    fileprivate func entry(_ route: ControlRoute, _ peer: ControlPeer) -> AuditEntry {
        AuditEntry(
            user: (peer.userID, peer.name), action: route.action, subject: subject, parameters: lastingJSON,
            athleteParameters: athleteJSON)
    }
}

// MARK: The audit

extension ControlRoutes {
    func audit(_ request: Request) async throws -> AuditMessage {
        let max = Int64(AuditMessage.pageMax)
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let before = try RequestReading.integer(request, "before", in: 1...Int64.max)
        let limit = Int(try RequestReading.integer(request, "limit", in: 1...max) ?? max)
        let records = try await gate.desk.records(
            athlete: athlete.map { AthleteID($0) }, since: try RequestReading.timeIfGiven(request, "since"), before: before,
            limit: limit + 1)
        let page = try records.prefix(limit).map(AuditMessage.RecordedRequest.init)
        return AuditMessage(requests: page, nextBefore: records.count > limit ? page.last?.auditID : nil)
    }
}

extension AuditMessage.RecordedRequest {
    fileprivate init(_ record: AuditDesk.Record) throws {
        self.init(
            auditID: record.id, at: record.askedAt, userID: record.userID, user: record.userName, action: record.action,
            athleteID: record.athlete?.rawValue,
            parameters: try ControlJSON.decode([String: AuditValue].self, from: Array(record.parameters.utf8)),
            outcome: record.outcome, refusal: record.refusal, endedAt: record.endedAt)
    }
}
