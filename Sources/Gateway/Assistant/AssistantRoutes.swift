import Assistant
import Core
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import Logging

/// What answers assistants.
public enum AssistantService: Sendable {
    case open(AssistantServer)
    /// `FITNESSD_MODEL_ACCESS=off`.
    case closed
    /// There is no login for athletes' own data.
    case noReader
}

/// `/mcp`: assistants, by the Model Context Protocol over HTTP. Each request stands alone, so that there are no sessions to end and no streams to
/// open: GET and DELETE are answered 405.
struct AssistantRoutes: Sendable {
    static let path = "/mcp"

    let settings: Live<GatewaySettings>
    let authenticator: Authenticator
    /// The installation's own, whose pages may call, as those of `FITNESSD_CORS_ORIGIN` may.
    let ownOrigin: String

    var routes: [Route] { [Route(method: .post, path: Self.path) { request, context in try await answer(request, context) }] }

    private func answer(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let settings = settings.value
        try requireOrigin(request, settings.origins.including(ownOrigin))
        let server: AssistantServer
        switch settings.assistants {
        case .open(let open): server = open
        case .closed: throw Self.isClosed
        case .noReader: throw APIRefusal.ownDataOff
        }
        let caller = try await authenticator.caller(request, context)
        let athlete = try caller.athlete(with: .read)
        try requireJSON(request)
        let body = try await request.body.collect(upTo: GatewayLimits.bodyBytesMax)
        let answer = try await server.answer(
            Array(body.readableBytesView), Self.fields(request),
            for: AssistantServer.Asker(athlete: athlete, showsPlaces: caller.scopes.contains(.position)))
        guard let json = answer.body else { return Response(status: .init(code: answer.status)) }
        return Response(
            status: .init(code: answer.status), headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: json)))
    }

    /// A page of another site may not speak through a person's browser (2025-11-25, "Security Warning"). Programs send no origin.
    private func requireOrigin(_ request: Request, _ allowed: AllowedOrigins) throws(APIRefusal) {
        guard let asked = request.headers[.origin] else { return }
        guard request.headers[values: .origin].count == 1, allowed.contains(asked) else { throw Self.otherOrigin }
    }

    private func requireJSON(_ request: Request) throws(APIRefusal) {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased().filter { $0 != " " }
        guard type == "application/json" else { throw Self.notJSON }
        let wanted = request.headers[values: .accept].joined(separator: ",").lowercased()
        guard wanted.isEmpty || ["application/json", "application/*", "*/*"].contains(where: wanted.contains) else {
            throw Self.notAcceptable
        }
    }

    private static func fields(_ request: Request) -> AssistantServer.Fields {
        func field(_ name: String) -> String? { HTTPField.Name(name).flatMap { request.headers[$0] } }
        return AssistantServer.Fields(version: field("MCP-Protocol-Version"), method: field("Mcp-Method"), name: field("Mcp-Name"))
    }

    private static let isClosed = APIRefusal(
        .notFound, "assistants_off", "This installation answers no assistants: its operator has set FITNESSD_MODEL_ACCESS=off.")
    private static let otherOrigin = APIRefusal(
        .forbidden, "origin_forbidden",
        "Pages of this origin may not call assistants' tools here: the operator can allow it by FITNESSD_CORS_ORIGIN.")
    private static let notJSON = APIRefusal(.unsupportedMediaType, "not_json", "Send the message as application/json.")
    private static let notAcceptable = APIRefusal(.notAcceptable, "not_acceptable", "Answers are application/json: accept that.")
}
