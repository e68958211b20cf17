import Core
import Digest
import Foundation
import Hummingbird
import Logging
import StravaAPI
import Sync

/// Where Strava validates the subscription and sends events: a path that only Strava knows.
struct WebhookRoutes: Sendable {
    let desk: EventDesk
    let address: EventDesk.Address
    let logger: Logger

    var routes: [Route] {
        let path = "/webhooks/strava/:secret"
        let exists: @Sendable (Substring) -> Bool = { isSame(String($0), address.pathSecret) }
        return [
            Route(method: .get, path: path, exists: exists) { request, context in try validate(request, context) },
            Route(method: .post, path: path, exists: exists) { request, context in try await take(request, context) },
        ]
    }

    /// Echoes the challenge if the verify token is right.
    private func validate(_ request: Request, _ context: GatewayContext) throws -> Response {
        try requireSecret(context)
        let query = request.uri.queryParameters
        guard query["hub.mode"] == "subscribe", let token = query["hub.verify_token"], isSame(String(token), address.verifyToken),
            let challenge = query["hub.challenge"]
        else { throw HTTPError(.forbidden) }
        let body = try JSONEncoder().encode(["hub.challenge": String(challenge)])
        return Response(status: .ok, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// Answers 200 once the event is committed, since Strava then won't send it again. Strava waits two seconds.
    private func take(_ request: Request, _ context: GatewayContext) async throws -> Response {
        try requireSecret(context)
        let body = try await request.body.collect(upTo: GatewayLimits.bodyBytesMax)
        switch desk.read(Array(body.readableBytesView)) {
        case .malformed: throw HTTPError(.badRequest)
        case .noHint: logger.log(.debug, "event without an athlete", [:])
        case .event(let event):
            let isNew = try await desk.accept(event)
            logger.log(.debug, "event received", [.athleteID: event.owner, .state: isNew ? "new" : "known or not ours"])
        }
        return Response(status: .ok)
    }

    /// Without the secret the path doesn't exist.
    private func requireSecret(_ context: GatewayContext) throws {
        guard let given = context.parameters.get("secret"), isSame(given, address.pathSecret) else { throw HTTPError(.notFound) }
    }

    /// Takes the same time wherever the two differ, so that the secret can't be guessed byte by byte.
    private func isSame(_ given: String, _ secret: Secret) -> Bool {
        ConstantTime.isEqual(given.utf8, secret.reveal().utf8)
    }
}
