import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import Sync

/// Turns every error into the envelope, and logs those that are the daemon's own.
struct RefusalMiddleware: RouterMiddleware {
    typealias Context = ControlContext
    let logger: Logger

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let refusal = refusal(error, request)
            log(error, refusal, request)
            return ControlAnswer.refusal(refusal.code, refusal.message)
        }
    }

    /// What the daemon refuses, and a client who went away, are no errors of the daemon's.
    private func log(_ error: any Error, _ refusal: ControlRefusal, _ request: Request) {
        if error is ControlRefusal {
            logger.log(
                .debug, "control request refused", [.path: request.uri.path, .code: refusal.code.rawValue, .reason: refusal.message])
        } else if let departure = Departure(error) {
            logger.log(.debug, "control request not finished", [.path: request.uri.path, .reason: departure.reason])
        } else if refusal.code.status >= 500 {
            logger.log(.error, "control request failed", [.path: request.uri.path, .error: "\(error)", .status: refusal.code.status])
        }
    }

    private func refusal(_ error: any Error, _ request: Request) -> ControlRefusal {
        switch error {
        case let refusal as ControlRefusal: refusal
        case let error as SyncError where error.code == .unknownAthlete || error.code == .notSetAside:
            ControlRefusal(.notFound, error.description)
        case let error as HTTPError where error.status == .notFound: unknown(request)
        case let error as HTTPError: ControlRefusal(.badRequest, error.status.reasonPhrase)
        case let error as DatabaseError where error.code == .unreachable:
            ControlRefusal(.unavailable, "fitnessd can't reach its database now; try again soon")
        case is CancellationError: ControlRefusal(.unavailable, "fitnessd is stopping")
        case let error as any AdvisedError: ControlRefusal(.failed, error.description)
        default: ControlRefusal(.failed, "fitnessd could not do this; its log says why")
        }
    }

    private func unknown(_ request: Request) -> ControlRefusal {
        let known = ControlRoute.matching(path: request.uri.path)
        if known.isEmpty { return ControlRefusal(.notFound, "there is nothing at this path; openapi.yaml lists what there is") }
        let methods = known.map(\.method).joined(separator: ", ")
        return ControlRefusal(.methodNotAllowed, "this path takes \(methods), not \(request.method.rawValue)")
    }
}
