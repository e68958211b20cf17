import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Sync

/// A request that is not carried out, with the code and the sentence sent to the client.
struct ControlRefusal: Error, Sendable {
    let code: ControlErrorCode
    let message: String

    init(_ code: ControlErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    static func badRequest(_ message: String) -> ControlRefusal { ControlRefusal(.badRequest, message) }

    static func noAthlete(_ athlete: Int64) -> ControlRefusal {
        ControlRefusal(.notFound, "there is no athlete \(athlete); fitnessctl athletes list shows all")
    }

    static let noEntry = ControlRefusal(.notFound, "no such quarantine entry; fitnessctl quarantine list shows all")
}

extension ControlRefusal {
    /// What a client is told of an error.
    init(_ error: any Error, _ request: Request) {
        switch error {
        case let refusal as ControlRefusal: self = refusal
        case let error as SyncError where error.code == .unknownAthlete: self.init(.notFound, error.description)
        case let error as SyncError where error.code == .notSetAside: self = .noEntry
        case let error as SyncError where error.code == .invalidThreshold: self = .badRequest(error.description)
        case let error as HTTPError where error.status == .notFound: self = .unknownPath(request)
        case let error as HTTPError: self.init(.badRequest, error.status.reasonPhrase)
        case let error as DatabaseError where error.code == .unreachable:
            self.init(.unavailable, "fitnessd can't reach its database; try again soon")
        case is CancellationError: self.init(.unavailable, "fitnessd is stopping")
        case let error as any AdvisedError: self.init(.failed, error.description)
        default: self.init(.failed, "the request failed; fitnessd's log says why")
        }
    }

    private static func unknownPath(_ request: Request) -> ControlRefusal {
        let known = ControlRoute.matching(path: request.uri.path)
        if known.isEmpty { return ControlRefusal(.notFound, "no such path; openapi.yaml lists all") }
        let methods = known.map(\.method).joined(separator: ", ")
        return ControlRefusal(.methodNotAllowed, "this path takes \(methods), not \(request.method.rawValue)")
    }
}

/// The end of a request that is not the daemon's fault: the client disconnected, or the daemon is stopping.
struct Interruption {
    let reason: String

    /// Nil: it is another kind of error.
    init?(_ error: any Error) {
        switch error {
        case _ where error.isCancellation: reason = "the request was cancelled"
        case is Exports.Stalled: reason = "the client stopped reading"
        case is ChannelError, is IOError, is HTTPParserError, is NIOAsyncWriterError:
            reason = "the client disconnected"
        default: return nil
        }
    }
}

/// Turns every error into the error envelope, and logs those that are the daemon's own.
struct RefusalMiddleware: RouterMiddleware {
    typealias Context = ControlContext
    let logger: Logger

    func handle(_ request: Request, context: Context, next: (Request, Context) async throws -> Response) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let refusal = ControlRefusal(error, request)
            log(error, refusal, request)
            return ControlResponse.refusal(refusal.code, refusal.message)
        }
    }

    /// A client's mistake or disconnect is not an error of the daemon. Whatever is answered with a status from 500 on has a line that is written
    /// by default, since the client is given the request's id to find it.
    private func log(_ error: any Error, _ refusal: ControlRefusal, _ request: Request) {
        if error is ControlRefusal {
            logger.log(
                refusal.code.status >= 500 ? .info : .debug, "control request refused",
                [.path: request.uri.path, .code: refusal.code.rawValue, .reason: refusal.message])
        } else if let interruption = Interruption(error) {
            logger.log(
                error.isCancellation ? .info : .debug, "control request interrupted",
                [.path: request.uri.path, .reason: interruption.reason])
        } else if refusal.code.status >= 500 {
            logger.log(.error, "control request failed", error, [.path: request.uri.path, .status: refusal.code.status])
        }
    }
}
