import Core
import HTTPTypes
import Hummingbird

/// The web applications of other origins that may call the addresses for programs from a browser: `FITNESSD_CORS_ORIGIN`.
public struct AllowedOrigins: Sendable, Equatable {
    private let origins: [String]

    /// Nobody: browsers keep answers from web applications of other origins.
    public static let none = AllowedOrigins(origins: [])

    /// - Parameter text: origins (`https://app.example.org`), with commas between them, or `*` for all; the setting's value.
    /// - Throws: `GatewayError` when one is no origin.
    public init(_ text: String) throws {
        let origins = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }.map { origin in
            String(origin.reversed().drop { $0 == " " }.reversed())
        }
        guard origins == ["*"] || origins.allSatisfy(Self.isOrigin) else { throw GatewayError(.originMalformed) }
        self.init(origins: origins)
    }

    private init(origins: [String]) { self.origins = origins }

    /// The value of `Access-Control-Allow-Origin`; nil: none. One of the configured origins, never a byte of the request.
    func allowed(_ origin: String?) -> String? { origins.first { $0 == origin } ?? origins.first }

    /// Whether pages of this origin may call.
    func contains(_ origin: String) -> Bool { origins == ["*"] || origins.contains(origin) }

    /// The same, and one more.
    func including(_ origin: String) -> AllowedOrigins { origins == ["*"] ? self : AllowedOrigins(origins: origins + [origin]) }

    /// Whether the answer depends on who asks.
    var vary: Bool { origins.count > 1 }

    /// Scheme, host and perhaps a port, as browsers send it (RFC 6454, section 6.2).
    private static func isOrigin(_ text: String) -> Bool {
        text.wholeMatch(of: /https?:\/\/([a-z0-9.\-]{1,253}|\[[0-9a-f:.]{2,45}\])(:[0-9]{1,5})?/) != nil
    }
}

/// Answers a browser's question whether a web application may call an address for programs, and says so with each answer (Fetch standard,
/// "CORS protocol"). No cookies are involved: callers prove who they are by a token.
struct CrossOrigin: RouterMiddleware {
    let settings: Live<GatewaySettings>
    let routes: [Route]

    private static let maxAge_s = 3600

    func handle(
        _ request: Request, context: GatewayContext, next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        if case .page = RefusalFormat(path: request.uri.path) { return try await next(request, context) }
        let methods = routes.filter { $0.matches(request.uri.path) }.map(\.method)
        var response =
            request.method == .options && !methods.isEmpty
            ? Self.preflight(methods, of: request.uri.path) : try await next(request, context)
        let origins = settings.value.origins
        guard let origin = origins.allowed(request.headers[.origin]) else { return response }
        response.headers[.accessControlAllowOrigin] = origin
        if origins.vary { response.headers[.vary] = "Origin" }
        if request.method != .options {
            response.headers[.accessControlExposeHeaders] = "ETag, Retry-After, WWW-Authenticate, X-Request-Id"
        }
        return response
    }

    private static func preflight(_ methods: [HTTPRequest.Method], of path: String) -> Response {
        let names = methods.map(\.rawValue)
        let ofAssistants = path == "/mcp" ? ", MCP-Protocol-Version, Mcp-Method, Mcp-Name" : ""
        return Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: names.joined(separator: ", "),
                .accessControlAllowHeaders: "Authorization, Content-Type" + ofAssistants,
                .accessControlMaxAge: String(maxAge_s),
                .allow: (names + (names.contains("GET") ? ["HEAD"] : []) + ["OPTIONS"]).joined(separator: ", "),
            ])
    }
}
