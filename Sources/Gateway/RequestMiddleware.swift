import Core
import Database
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Web

/// Turns errors into answers. Details are logged here, once, and never shown.
struct ErrorPages: RouterMiddleware {
    let routes: [Route]
    let pages: WebPages
    let logger: Logger

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as APIRefusal {
            return error.response
        } catch let error as PageRefusal {
            return page(error)
        } catch is SignInFirst {
            return PageAnswer.redirect(to: AdminRoutes.signIn)
        } catch let error as HTTPError where error.status == .notFound {
            return methodNotAllowed(request) ?? refusal(.notFound, request)
        } catch let error as HTTPError {
            return refusal(error.status, request)
        } catch  where RequestEnd.isInterruption(error) {
            logger.log(.debug, "request interrupted", [.endpoint: context.endpointPath ?? "none"])
            return refusal(.serviceUnavailable, request)
        } catch let error as any AdvisedError {
            logger.log(.error, "request failed", error, [.endpoint: context.endpointPath ?? "none"])
            return refusal(error.retryAdvice == .never ? .internalServerError : .serviceUnavailable, request)
        } catch {
            logger.log(.error, "request failed", [.endpoint: context.endpointPath ?? "none", .error: "\(type(of: error))"])
            return refusal(.internalServerError, request)
        }
    }

    /// The answer when the path exists for other methods (RFC 9110, section 15.5.6); nil when it doesn't exist.
    private func methodNotAllowed(_ request: Request) -> Response? {
        let methods = routes.filter { $0.matches(request.uri.path) }.flatMap { $0.method == .get ? [.get, .head] : [$0.method] }
        if methods.isEmpty || methods.contains(request.method) { return nil }
        var response = refusal(.methodNotAllowed, request)
        response.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
        return response
    }

    private func refusal(_ status: HTTPResponse.Status, _ request: Request) -> Response {
        RefusalFormat(path: request.uri.path).response(status) ?? page(for: status)
    }

    /// For `message.mustache`.
    private struct Message {
        let title: String
        let text: String
        let command: String?
        let link: WebFrame.Link?
    }

    private func page(_ refusal: PageRefusal) -> Response {
        let message = Message(
            title: refusal.title, text: refusal.text, command: refusal.command, link: refusal.link.map { WebFrame.Link($0.label, $0.path) })
        var response = PageAnswer.response(
            pages.page(.message, message, in: WebFrame(title: refusal.title, home: "/")), status: refusal.status)
        if let wait = refusal.retryAfter_s { response.headers[.retryAfter] = String(wait) }
        return response
    }

    private func page(for status: HTTPResponse.Status) -> Response {
        switch status {
        case .notFound: HTMLPage(status, title: "Not found", body: "<p>There is no page at this address.</p>").response
        case .methodNotAllowed:
            HTMLPage(status, title: "Not possible", body: "<p>This address does not accept such a request.</p>").response
        case .serviceUnavailable:
            HTMLPage(status, title: "Please try again shortly", body: "<p>Part of this installation is unavailable right now.</p>").response
        default: HTMLPage(status, title: "Something went wrong", body: "<p>Please try again, or tell the operator.</p>").response
        }
    }
}

/// How a request ended without an answer.
enum RequestEnd {
    /// Whether it is nobody's fault here: the client has gone, or the daemon stops.
    static func isInterruption(_ error: any Error) -> Bool {
        if error is CancellationError || error.isCancellation && Task.isCancelled { return true }
        return error is ChannelError || error is IOError || error is NIOAsyncWriterError
    }
}

/// Refuses requests that are larger than any route accepts, and stops reading from the client.
struct RequestGuard: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        if request.uri.string.utf8.count > GatewayLimits.targetBytesMax { return refuse(.uriTooLong, request, context) }
        if hasUnboundedBody(request) { return refuse(.lengthRequired, request, context) }
        if bodyByteCount(request) > bodyBytesMax(for: request) { return refuse(.contentTooLarge, request, context) }
        return try await next(request, context)
    }

    private func refuse(_ status: HTTPResponse.Status, _ request: Request, _ context: GatewayContext) -> Response {
        context.channel.close(mode: .input, promise: nil)
        var response = RefusalFormat(path: request.uri.path).response(status) ?? Response(status: status)
        response.headers[.connection] = "close"
        return response
    }

    private func hasUnboundedBody(_ request: Request) -> Bool { request.headers[.transferEncoding] != nil }

    private func bodyByteCount(_ request: Request) -> Int {
        request.headers[.contentLength].map { Int($0) ?? .max } ?? 0
    }

    private func bodyBytesMax(for request: Request) -> Int { [.post, .put].contains(request.method) ? GatewayLimits.bodyBytesMax : 0 }
}

/// Adds to every answer the headers that forbid caching, framing, scripts, content sniffing and referrers. Only an answer that says itself how it
/// may be cached, what its page may load and what its browser may tell keeps that.
struct SecurityHeaders: RouterMiddleware {
    private static let fields: [(HTTPField.Name, String)] = [
        (.xContentTypeOptions, "nosniff"),
        (HTTPField.Name("X-Robots-Tag")!, "noindex, nofollow"),
    ]
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")!

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for (name, value) in Self.fields { response.headers[name] = value }
        if response.headers[Self.referrerPolicy] == nil { response.headers[Self.referrerPolicy] = "no-referrer" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        if response.headers[.contentSecurityPolicy] == nil { response.headers[.contentSecurityPolicy] = Self.policy(formTargets: []) }
        return response
    }

    /// - Parameter formTargets: the origins that forms may lead to. Browsers check redirects after a form, too, so that all on the way are listed.
    static func policy(formTargets: [String]) -> String {
        let targets = formTargets.isEmpty ? "'none'" : (["'self'"] + formTargets).joined(separator: " ")
        return "default-src 'none'; style-src 'self'; base-uri 'none'; form-action \(targets); frame-ancestors 'none'"
    }
}

/// Answers HEAD with the header of GET's answer and no body, errors included (RFC 9110, section 9.3.2): a client would read a body as the
/// beginning of the next answer.
struct HeadAnswers: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
