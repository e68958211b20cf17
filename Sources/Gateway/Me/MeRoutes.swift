import Core
import Database
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Logging
import OwnData
import Sync

/// `/v1/me`: an athlete's own data for the athlete's own programs. Described in `openapi.yaml`.
struct MeRoutes: Sendable {
    let services: OwnDataServices
    let authenticator: Authenticator
    let exports = ExportSlots()
    let pauses: SyncPauses
    let clock: WallClock
    let logger: Logger

    init(services: OwnDataServices, authenticator: Authenticator, clock: WallClock, logger: Logger) {
        self.services = services
        self.authenticator = authenticator
        self.clock = clock
        self.logger = logger
        pauses = SyncPauses(clock: clock)
    }

    /// A request whose caller is known and may make it.
    struct Asked: Sendable {
        let athlete: AthleteID
        let caller: Caller
        let query: QueryReading
        let request: Request
        let context: GatewayContext

        var showsPlaces: Bool { caller.scopes.contains(.position) }

        /// The number in the path; nil: it is none.
        var activity: ActivityID? { context.parameters.get("id").flatMap { ActivityID(digits: $0) } }
    }

    var routes: [Route] {
        [
            route(.get, "", answer: profile),
            route(.get, "/activities", taking: ["sport", "after", "before", "limit", "cursor"], answer: activities),
            route(.get, "/activities/:id", answer: activity),
            route(.get, "/activities/:id/streams", taking: ["keys", "max_points"], answer: streams),
            route(.get, "/summary") { asked in JSONAnswer.response(try await answers().summary(of: asked.athlete), to: asked.request) },
            route(.get, "/fitness", taking: ["from", "to"], answer: fitness),
            route(.get, "/power-curve", taking: ["sport", "period"], answer: powerCurve),
            route(.get, "/records", taking: ["sport"], answer: records),
            route(.get, "/thresholds", answer: thresholds),
            route(.put, "/thresholds", needing: .write, answer: setThreshold),
            route(.get, "/export", answer: export),
            route(.post, "/sync", needing: .sync, answer: sync),
            route(.delete, "", needing: .erase, answer: erase),
        ]
    }

    private func route(
        _ method: HTTPRequest.Method, _ path: String, needing scope: Scope = .read, taking names: [String] = [],
        answer: @escaping @Sendable (Asked) async throws -> Response
    ) -> Route {
        Route(method: method, path: "/v1/me" + path) { request, context in
            let caller = try await authenticator.caller(request, context)
            let athlete = try caller.athlete(with: scope)
            let query = try QueryReading(request, allowed: names)
            do {
                return try await answer(Asked(athlete: athlete, caller: caller, query: query, request: request, context: context))
            } catch let error as DatabaseError where error.code == .authentication {
                logger.log(.error, "athletes can't read their own data", error)
                throw APIRefusal(.serviceUnavailable)
            } catch let error as SyncError where error.code == .unknownAthlete { throw APIRefusal.notConnected }
        }
    }

    static let noSuchActivity = APIRefusal(.notFound, "not_found", "You have no activity of this number: /v1/me/activities lists them.")

    /// - Throws: `APIRefusal` when there is no login for it.
    func reader() throws -> AthleteReader {
        guard let reader = services.reader else { throw APIRefusal.ownDataOff }
        return reader
    }

    func answers() throws -> OwnAnswers { OwnAnswers(reader: try reader()) }
}

/// An answer as JSON that a client may keep and ask about again (RFC 9110, section 8.8.3).
enum JSONAnswer {
    /// 304 if the client has it already.
    ///
    /// - Parameter isConditional: false: the answer to a change, which no condition withholds.
    static func response(_ json: String, to request: Request, isConditional: Bool = true) -> Response {
        let body = Array(json.utf8)
        let tag = EntityTag(of: body)
        var headers: HTTPFields = [.eTag: tag.text, .cacheControl: "private, no-cache", .vary: "Authorization"]
        if isConditional, tag.isNamed(in: request.headers[values: .ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = "application/json"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
