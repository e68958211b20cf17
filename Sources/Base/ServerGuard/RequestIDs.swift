import Core
import HTTPTypes
import Hummingbird

/// Gives each request an id: in all log lines that its answer causes, and in the answer's header `X-Request-Id`.
///
/// The id is made here. One that a client sends is not looked at: a client could send another's id, or text that would be read as part of the
/// log.
public struct RequestIDs<Context: RequestContext>: RouterMiddleware {
    public init() {}

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let id = LogID()
        let log = LogContext(requestID: id)
        var response = try await LogContext.$current.withValue(log) { try await next(request, context) }
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = id.description }
        // What is sent piece by piece is made after the handler has returned.
        if response.body.contentLength == nil { response.body = Self.logging(response.body, log) }
        return response
    }

    private static func logging(_ body: ResponseBody, _ log: LogContext) -> ResponseBody {
        ResponseBody { writer in
            let writer = writer
            try await LogContext.$current.withValue(log) { try await body.write(writer) }
        }
    }
}
