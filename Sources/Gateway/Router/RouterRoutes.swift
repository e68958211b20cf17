import Core
import Foundation
import Hummingbird
import Identity
import Logging
import NIOCore
import StravaAPI
import Sync
import Vault

/// `POST /api`, the predecessor's router, so that its clients go on working, and the runs that it starts.
struct RouterRoutes: Sendable {
    static let path = "/api"

    let authenticator: Authenticator
    let exchange: CodeExchange
    let registry: AthleteRegistry
    let vault: TokenVault
    let runs: RunDesk
    let logger: Logger

    var routes: [Route] {
        [
            Route(method: .post, path: Self.path) { request, context in await answer(request, GatewayRoutes.client(request, context)) },
            .get("/v1/runs/:run") { request, context in try await run(request, context) },
        ]
    }

    // MARK: The router

    private func answer(_ request: Request, _ client: String) async -> Response {
        do throws(RouterError) { return try await answered(request, client) } catch { return error.response }
    }

    /// The predecessor's order: the body first, then the header, then the token, then the name of the target.
    private func answered(_ request: Request, _ client: String) async throws(RouterError) -> Response {
        let (asked, caller) = (try await asked(request, client), try await caller(request, client))
        guard let target = asked.target else { throw RouterError(.unknownTarget) }
        do { return try await answered(asked, target, caller) } catch { throw refusal(error, target) }
    }

    private func asked(_ request: Request, _ client: String) async throws(RouterError) -> RouterRequest {
        do throws(RouterError) {
            return try RouterRequest(try await body(request), query: request.uri.queryParameters["data_source"].map(String.init))
        } catch {
            do throws(IdentityError) { try authenticator.admit(client: client) } catch { throw RouterError(error) }
            throw error
        }
    }

    private func caller(_ request: Request, _ client: String) async throws(RouterError) -> Caller {
        do throws(IdentityError) {
            return try await authenticator.caller(authorization: request.headers[.authorization], client: client)
        } catch { throw RouterError(error) }
    }

    private func body(_ request: Request) async throws(RouterError) -> [UInt8] {
        do {
            return Array(try await request.body.collect(upTo: GatewayLimits.bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RouterError(APIRefusal(.contentTooLarge))
        } catch { throw RouterError(.noPayload) }
    }

    private func answered(_ asked: RouterRequest, _ target: RouterTarget, _ caller: Caller) async throws -> Response {
        switch target {
        case .connect: return try await connect(asked, caller)
        case .refreshToken:
            try asked.requireStrava()
            let athlete = try caller.athlete(with: .sync)
            // Refreshes it if it needs that; Strava would give the same token back otherwise.
            _ = try await vault.accessToken(for: athlete)
            return JSONBody.response(Done(message: "Token refreshed successfully for Strava."))
        case .sync:
            let athlete = try caller.athlete(with: .sync)
            let (run, isNew) = try await runs.request(athlete, by: "api")
            return JSONBody.response(Done(message: isNew ? "Sync requested." : "A sync has been requested already.", run: run))
        }
    }

    private struct Done: Encodable {
        let message: String
        var athlete: AthleteID?
        var run: Int64?
    }

    /// The answer to an error of the work itself. Details are logged and not shown.
    private func refusal(_ error: any Error, _ target: RouterTarget) -> RouterError {
        switch error {
        case let error as RouterError: return error
        case let error as APIRefusal: return RouterError(error)
        case let error as SyncError where error.code == .unknownAthlete: return RouterError(.notConnected)
        case let error as VaultError where error.code == .refreshTokenDead || error.code == .noToken:
            return RouterError(.conflict, "Strava no longer accepts what was granted: connect with Strava again.")
        case let error where RequestEnd.isInterruption(error):
            logger.log(.debug, "request interrupted", [.endpoint: target.rawValue])
            return RouterError(APIRefusal(.serviceUnavailable))
        case let error as any AdvisedError:
            logger.log(.error, "request failed", error, [.endpoint: target.rawValue])
            return error.retryAdvice == .never ? RouterError(.failed) : RouterError(APIRefusal(.serviceUnavailable))
        default:
            logger.log(.error, "request failed", [.endpoint: target.rawValue, .error: "\(type(of: error))"])
            return RouterError(.failed)
        }
    }

    // MARK: Connecting

    private func connect(_ asked: RouterRequest, _ caller: Caller) async throws -> Response {
        // A program's token is for the data of an athlete who is connected, not for deciding who that is.
        guard caller.tokenID == nil else { throw RouterError(.forbidden, "Connecting takes an ID token: an API token is not enough.") }
        let code = try asked.code()
        switch try await exchange.exchange(code, scopes: .answer(otherwise: asked.scope)) {
        case .refused(let outcome): throw Self.refusal(outcome)
        case .granted(let grant, let athlete, let scopes):
            let registration = try await registry.register(
                grant, athlete: athlete, uid: caller.uid, scope: scopes.text, arrival: .awaited)
            if case .refused(let conflict) = registration.outcome { throw refusal(conflict, athlete, caller.uid) }
            logger.log(.info, "athlete connected", [.athleteID: athlete, .uid: caller.uid, .state: "by the router"])
            return JSONBody.response(Done(message: "Strava connection successful", athlete: athlete))
        }
    }

    private func refusal(_ conflict: UIDConflict, _ athlete: AthleteID, _ uid: UID) -> RouterError {
        logger.log(.warning, "connect refused: athlete or uid is taken", [.athleteID: athlete, .uid: uid])
        guard conflict.kind == .uid else {
            return RouterError(
                .conflict, "This Strava athlete is connected with another account: sign in there, or ask the operator to move it.")
        }
        return RouterError(
            .conflict, "This account is connected with another Strava athlete: log in to Strava as that one, or ask the operator.")
    }

    private static func refusal(_ outcome: ConnectOutcome) -> RouterError {
        switch outcome.result {
        case .scopeMissing:
            RouterError(.badRequest, "Strava granted no access to activities: let the person connect again and leave that box ticked.")
        case .codeRefused: RouterError(.badRequest, "Strava does not accept the code, which can be used once: begin again at Strava.")
        case .athletesFull:
            RouterError(.serviceUnavailable, "Strava takes no further athletes for this application: the operator has to ask for more.")
        case .credentialsRefused: RouterError(.failed)
        default: RouterError(.serviceUnavailable, "Strava does not answer as it should: begin again in some minutes.", retryAfter_s: 60)
        }
    }

    // MARK: Runs

    private func run(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let caller = try await authenticator.caller(request, context)
        let athlete = try caller.athlete(with: caller.scopes.contains(.read) ? .read : .sync)
        guard let id = context.parameters.get("run").flatMap({ Int64($0) }), let run = try await runs.run(id, of: athlete) else {
            throw APIRefusal(.notFound, "not_found", "There is no such run of yours, or it is too long ago.")
        }
        return JSONBody.response(RunBody(run))
    }

    private struct RunBody: Encodable {
        let run: Int64
        let state: String
        let requestedAt: Date
        let activities: Int
        let landed: Int
        let pending: Int
        let message: String?

        init(_ run: RunDesk.Run) {
            self.run = run.id
            state = run.state.rawValue
            requestedAt = run.requestedAt
            activities = run.progress.activities
            landed = run.progress.landed
            pending = run.progress.pending
            message =
                switch run.state {
                case .failed where run.needsReconnect: "Strava no longer accepts what was granted: connect with Strava again."
                case .failed: "The sync failed; it is tried again later."
                case .paused: "Syncing is paused by the operator."
                case .waiting, .working, .done: nil
                }
        }

        enum CodingKeys: String, CodingKey {
            case run, state, activities, landed, pending, message
            case requestedAt = "requested_at"
        }
    }
}
