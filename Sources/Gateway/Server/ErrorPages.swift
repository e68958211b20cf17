import Core
import Database
import Hummingbird
import Logging

/// Ends every request with an answer. What went wrong is logged here, once, and never shown.
struct ErrorPages: RouterMiddleware {
    let routes: [Route]
    let logger: Logger

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            return methodNotAllowed(request) ?? page(for: .notFound)
        } catch let error as HTTPError {
            return page(for: error.status)
        } catch let error as any AdvisedError {
            logger.log(.error, "a request failed", [.endpoint: context.endpointPath ?? "none", .error: error.description])
            return page(for: error.retryAdvice == .never ? .internalServerError : .serviceUnavailable)
        } catch {
            logger.log(.error, "a request failed", [.endpoint: context.endpointPath ?? "none", .error: "\(type(of: error))"])
            return page(for: .internalServerError)
        }
    }

    /// The answer when the path is there for other methods (RFC 9110, section 15.5.6); nil when it is not.
    private func methodNotAllowed(_ request: Request) -> Response? {
        let methods = routes.filter { $0.leads(from: request.uri.path) }.flatMap { $0.method == .get ? [.get, .head] : [$0.method] }
        if methods.isEmpty || methods.contains(request.method) { return nil }
        var response = page(for: .methodNotAllowed)
        response.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        return response
    }

    private func page(for status: HTTPResponse.Status) -> Response {
        switch status {
        case .notFound: Page(status, title: "Not found", body: "<p>There is nothing at this address.</p>").response
        case .methodNotAllowed:
            Page(status, title: "Not possible", body: "<p>This address does not take such a request.</p>").response
        case .serviceUnavailable:
            Page(status, title: "Please try again shortly", body: "<p>A part of this installation can't be reached right now.</p>").response
        default: Page(status, title: "That did not work", body: "<p>Please try again, or tell the operator.</p>").response
        }
    }
}
