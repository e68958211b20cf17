import Hummingbird

/// Answers a HEAD with the header of the answer to a GET and with no body, whatever the answer is (RFC 9110, section 9.3.2): what came after
/// the header would be taken for the beginning of the next answer.
struct HeadAnswers: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let response = try await next(request, context)
        return request.method == .head ? response.createHeadResponse() : response
    }
}
