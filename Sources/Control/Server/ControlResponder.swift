import ControlAPI
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServerGuard

/// Puts a router behind Hummingbird's HTTP/1.1 channel: one request, one response, written as it comes.
enum ControlResponder {
    /// A connection that asks nothing for this long is closed. Bodies and answers have no deadline: an import may come from a slow pipe, and
    /// an export has its own.
    private static let times = RequestTimes(head: .seconds(10), nextHead: .seconds(60), body: nil, answer: nil)
    /// A body of which nothing comes for this long is given up.
    private static let idleMax = TimeAmount.seconds(60)

    static func channel(_ router: Router<ControlContext>, places: ConnectionPlaces, logger: Logger) -> HTTP1Channel {
        let responder = router.buildResponder()
        return HTTP1Channel(
            responder: { request, writer, channel in
                // The request may have come before its connection had a place.
                places.note(channel, isWaiting: false)
                let context = ControlContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
                let response = try await responder.respond(to: request, context: context)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: .init(additionalChannelHandlers: [RequestDeadlines(times, places: places)], idleTimeout: idleMax))
    }

    /// Answers every request of a connection with the same refusal.
    static func refusing(_ code: ControlErrorCode, _ message: String) -> HTTP1Channel {
        HTTP1Channel(
            responder: { _, writer, _ in
                var response = ControlAnswer.refusal(code, message)
                response.headers[.connection] = "close"
                try await writer.write(response: response.head, body: response.body)
            })
    }
}
