import ControlAPI
import Core
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle
import Sync

extension ControlRoutes {
    /// Streams served at once; each reads the database about twice a second.
    static let eventStreamsMax = 8
    /// A heartbeat is sent this often, because a disconnected client is only noticed by a write.
    private static let heartbeatInterval = Duration.seconds(5)
    private static let pollInterval = Duration.milliseconds(500)
    /// While a row that has a number already may be about to appear.
    private static let pollIntervalWaiting = Duration.milliseconds(50)

    /// Streams what happens as server-sent events (WHATWG HTML, section 9.2), until the client leaves or the daemon stops. Nothing is buffered for
    /// a client that reads slowly: the next rows are read when it has taken these. One that takes nothing for a minute is cut off.
    func events(_ request: Request, _ channel: any Channel) async throws -> Response {
        let athlete = try RequestReading.integer(request, "athlete_id", in: 1...Int64.max)
        let last = try RequestReading.integer(request, "last", in: 0...Int64(HappeningMessage.lastMax)) ?? 0
        let follows = try RequestReading.flag(request, "follow")
        let mark = try Self.mark(request)
        var reader = HappeningReader(database: dependencies.database, athlete: athlete.map { AthleteID($0) })
        if let mark {
            guard try await reader.begin(after: mark) else {
                throw ControlRefusal.badRequest("this event id is not of this database: begin without it")
            }
        } else {
            try await reader.begin(withLast: Int(last))
        }
        guard let slot = dependencies.eventStreams.take() else {
            throw ControlRefusal(.busy, "fitnessd already serves \(Self.eventStreamsMax) streams of events; end one of them")
        }
        let body = ResponseBody { [reader] writer in
            do {
                try await stream(reader, follows: follows) { text in
                    try await dependencies.exports.withStallLimit(channel) { try await writer.write(ByteBuffer(string: text)) }
                }
            } catch is CancellationError {
                logger.log(.debug, "event stream ended by a stop", [:])
            } catch {
                // The client reconnects, and goes on where it was.
                if Interruption(error) == nil { logger.log(.warning, "event stream cut off", error) }
                throw error
            }
            try await writer.finish(nil)
            withExtendedLifetime(slot) {}
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    /// The mark after which to begin: `Last-Event-ID`, as a browser sends it when it reconnects, else `after`. Nil: neither is given.
    private static func mark(_ request: Request) throws -> HappeningMark? {
        let header = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
        guard let text = header ?? request.uri.queryParameters["after"].map(String.init) else { return nil }
        guard let mark = HappeningMark(text) else {
            throw ControlRefusal.badRequest("Last-Event-ID, or after, must be the id of an event, for example 12-340-5")
        }
        return mark
    }

    private func stream(_ start: HappeningReader, follows: Bool, _ send: (String) async throws -> Void) async throws {
        var reader = start
        var sentAt = ContinuousClock.now
        try await send(Self.heartbeat(reader))
        while true {
            let happenings = try await reader.next()
            for (happening, mark) in happenings { try await send(try Self.event(happening, mark)) }
            if !happenings.isEmpty { sentAt = .now }
            if happenings.isEmpty {
                if !follows, !reader.isWaiting { return }
                if ContinuousClock.now - sentAt >= Self.heartbeatInterval {
                    try await send(Self.heartbeat(reader))
                    sentAt = .now
                }
                let interval = reader.isWaiting ? Self.pollIntervalWaiting : Self.pollInterval
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
            }
            if Task.isShuttingDownGracefully { return }
        }
    }

    /// No event, but an id: whoever reconnects begins after it.
    private static func heartbeat(_ reader: HappeningReader) -> String { "id: \(reader.mark)\n:\n\n" }

    private static func event(_ happening: Happening, _ mark: HappeningMark) throws -> String {
        let message = HappeningMessage(happening, mark)
        return "id: \(message.id)\nevent: \(message.kind)\ndata: \(String(decoding: try ControlJSON.encode(message), as: UTF8.self))\n\n"
    }
}

extension HappeningMessage {
    fileprivate init(_ happening: Happening, _ mark: HappeningMark) {
        let kind =
            switch happening.content {
            case .event: "webhook"
            case .run: "run"
            case .request: "request"
            }
        self.init(id: mark.description, at: happening.at, kind: kind)
        athleteID = happening.athlete?.rawValue
        switch happening.content {
        case .event(let type, let id, let aspect): (objectType, objectID, self.aspect) = (type, id, aspect)
        case .run(let calls, let landed, let duration_s, let outcome, let error):
            (self.calls, self.landed, self.outcome, self.error) = (calls, landed, outcome, error)
            durationS = (duration_s * 1_000).rounded() / 1_000
        case .request(let user, let action, let outcome, let refusal):
            (self.user, self.action, self.outcome, self.refusal) = (user, action, outcome, refusal)
        }
    }
}
