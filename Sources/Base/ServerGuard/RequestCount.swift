import Hummingbird

/// Reports each request when its answer begins: the path of its route as it is registered, never as it was sent, the status, and the time.
public struct RequestCount<Context: RequestContext>: RouterMiddleware {
    /// - Parameter route: nil: there is no such route.
    public typealias Ended = @Sendable (_ route: String?, _ status: Int, _ time: Duration) -> Void

    private let ended: Ended

    public init(_ ended: @escaping Ended) { self.ended = ended }

    /// A registered path as `Ended` names it.
    public static func name(of path: String) -> String { RouterPath(path).description }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        do {
            let response = try await next(request, context)
            ended(context.endpointPath, Int(response.status.code), .now - began)
            return response
        } catch {
            let status = (error as? any HTTPResponseError)?.status.code ?? 500
            ended(context.endpointPath, Int(status), .now - began)
            throw error
        }
    }
}
