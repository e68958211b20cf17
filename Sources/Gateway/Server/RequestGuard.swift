import Hummingbird

/// Turns away requests that are larger than any of ours, and stops reading from whoever sent one.
struct RequestGuard: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        if request.uri.string.utf8.count > GatewayLimits.targetBytesMax { return refuse(.uriTooLong, context) }
        if hasUnboundedBody(request) { return refuse(.lengthRequired, context) }
        if bodyByteCount(request) > bodyBytesMax(for: request) { return refuse(.contentTooLarge, context) }
        return try await next(request, context)
    }

    private func refuse(_ status: HTTPResponse.Status, _ context: GatewayContext) -> Response {
        context.channel.close(mode: .input, promise: nil)
        return Response(status: status, headers: [.connection: "close"])
    }

    private func hasUnboundedBody(_ request: Request) -> Bool { request.headers[.transferEncoding] != nil }

    private func bodyByteCount(_ request: Request) -> Int {
        request.headers[.contentLength].map { Int($0) ?? .max } ?? 0
    }

    private func bodyBytesMax(for request: Request) -> Int { request.method == .post ? GatewayLimits.bodyBytesMax : 0 }
}
