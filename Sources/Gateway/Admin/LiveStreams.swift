import Core
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServerGuard
import ServiceLifecycle
import Synchronization
import Web

/// How many browsers watch at once. A browser has six connections for one host, and this is one of them.
final class LiveStreams: Sendable {
    private static let countMax = 32
    private let count = Mutex(0)

    /// A place until its last reference goes; nil: all are taken.
    func take() -> LivePlace? {
        let isFree = count.withLock { count in
            if count < Self.countMax { count += 1 } else { return false }
            return true
        }
        return isFree ? LivePlace(self) : nil
    }

    fileprivate func give() { count.withLock { $0 -= 1 } }
}

/// The right to watch.
final class LivePlace: Sendable {
    private let streams: LiveStreams

    fileprivate init(_ streams: LiveStreams) { self.streams = streams }

    deinit { streams.give() }
}

/// `/live`: the overview's regions as server-sent events (WHATWG HTML, section 9.2), those that have changed, every two seconds.
extension AdminRoutes {
    private static let interval = Duration.seconds(2)
    /// A client that takes nothing for so long is disconnected.
    private static let stallMax = TimeAmount.seconds(60)
    /// Whether the session still holds is looked at again after so many events.
    private static let eventsPerCheck = 15

    /// The data of an event.
    private struct News: Encodable {
        let time: String
        /// HTML by the region's id.
        let regions: [String: String]
    }

    func live(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let visitor = try await visitor(request, context)
        if request.method == .head { return Response(status: .ok, headers: [.contentType: "text/event-stream"]) }
        guard let place = streams.take() else {
            throw PageRefusal(
                status: .serviceUnavailable, title: "Too many watch", text: "Close another window of this page.", retryAfter_s: 30)
        }
        let channel = context.channel
        let body = ResponseBody { writer in
            do {
                try await watch(request, visitor) { text in
                    channel.triggerUserOutboundEvent(LongerAnswer(time: Self.stallMax), promise: nil)
                    try await writer.write(ByteBuffer(string: text))
                }
            } catch is CancellationError {
                logger.log(.debug, "live figures ended by a stop", [:])
            } catch {
                // The browser says that it is cut off, and begins again.
                if !RequestEnd.isInterruption(error) { logger.log(.debug, "live figures ended early", error) }
            }
            try await writer.finish(nil)
            withExtendedLifetime(place) {}
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"], body: body)
    }

    /// Sends what has changed until the client leaves, its session ends, the figures can't be read or the daemon stops.
    private func watch(_ request: Request, _ visitor: AdminVisitor?, _ send: (String) async throws -> Void) async throws {
        var sent: [String: String] = [:]
        var count = 0
        try await send("retry: 2000\n\n")
        while !Task.isShuttingDownGracefully {
            let regions = try await regions(visitor)
            let changed = regions.html.filter { sent[$0] != $1 }
            sent = regions.html
            let data = String(decoding: JSONBody.bytes(News(time: regions.time, regions: changed)), as: UTF8.self)
            try await send("event: figures\ndata: \(data)\n\n")
            count += 1
            if visitor != nil, count % Self.eventsPerCheck == 0, try await sessions.admin(request) == nil { return }
            try await cancelWhenGracefulShutdown { try await clock.sleep(for: Self.interval) }
        }
    }

    private func regions(_ visitor: AdminVisitor?) async throws -> (time: String, html: [String: String]) {
        let state = try await reader.state()
        let model = Overview(state, list: AthleteList.none, visitor: visitor)
        var html: [String: String] = [
            "live-head": pages.part(.adminHead, model), "live-figs": pages.part(.adminFigures, model),
            "live-todo": pages.part(.adminAttention, model), "live-quota": pages.part(.adminQuota, model),
            "live-history": pages.part(.adminHistory, model), "live-work": pages.part(.adminWork, model),
            "live-waiting": pages.part(.adminWaiting, model), "live-lag": pages.part(.adminLag, model),
            "live-errors": pages.part(.adminErrors, model), "page-bar": pages.part(.bar, model),
        ]
        if visitor != nil { html["live-pause"] = pages.part(.adminPause, model) }
        return (model.time, html)
    }
}
