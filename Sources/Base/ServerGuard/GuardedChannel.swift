import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// HTTP/1.1 for unknown clients: connections are limited per address, and slow clients are disconnected.
public struct GuardedChannel: ServerChildChannel {
    public typealias Value = HTTP1Channel.Value

    private let http: HTTP1Channel
    private let places: ConnectionPlaces

    /// - Parameters:
    ///   - decoder: limits the size of a header.
    ///   - times: limits the time of each part of a request.
    public init(
        responder: @escaping HTTPChannelHandler.Responder, decoder: HTTP1Channel.Configuration.DecoderConfiguration,
        times: RequestTimes, places: ConnectionPlaces
    ) {
        self.places = places
        http = HTTP1Channel(responder: responder, configuration: Self.configuration(decoder, times, places))
    }

    public func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        if !places.enter(channel, client: ClientAddress(channel.remoteAddress).text) {
            do { try channel.pipeline.syncOperations.addHandler(RefusedConnection()) } catch {
                return channel.eventLoop.makeFailedFuture(error)
            }
        }
        return http.setup(channel: channel, logger: logger)
    }

    public func handle(value: Value, logger: Logger) async { await http.handle(value: value, logger: logger) }

    private static func configuration(
        _ decoder: HTTP1Channel.Configuration.DecoderConfiguration, _ times: RequestTimes, _ places: ConnectionPlaces
    ) -> HTTP1Channel.Configuration {
        var configuration = HTTP1Channel.Configuration(httpDecoderConfiguration: decoder)
        configuration.additionalChannelHandlers = { [RequestDeadlines(times, places: places)] }
        return configuration
    }
}

/// Closes the connection as soon as the channel is active; before that it can't be closed cleanly.
private final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = Any

    func channelActive(context: ChannelHandlerContext) { context.close(promise: nil) }
}

/// The longest time of each part of a request. Each is a deadline for the whole part: single bytes do not extend it.
public struct RequestTimes: Sendable {
    /// From the connection to the end of the first request's header.
    public var head: TimeAmount
    /// From the end of an answer to the end of the next request's header.
    public var nextHead: TimeAmount
    /// From the header to the end of the body; nil: no limit.
    public var body: TimeAmount?
    /// From the end of the request to the end of the answer, which a client may read slowly; nil: no limit.
    public var answer: TimeAmount?

    public init(head: TimeAmount, nextHead: TimeAmount, body: TimeAmount?, answer: TimeAmount?) {
        self.head = head
        self.nextHead = nextHead
        self.body = body
        self.answer = answer
    }
}

/// An outbound event: the answer under way may take so long from now on, whatever `RequestTimes` says.
public struct LongerAnswer: Sendable {
    public let time: TimeAmount

    public init(time: TimeAmount) { self.time = time }
}

/// Closes the connection of a client that takes longer than `times` allows.
public final class RequestDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart
    public typealias InboundOut = HTTPRequestPart
    public typealias OutboundIn = HTTPResponsePart
    public typealias OutboundOut = HTTPResponsePart

    private let times: RequestTimes
    private let places: ConnectionPlaces?
    /// Where bodies have no deadline, a connection that reads a late body does not count as waiting.
    private var waitsForBody: Bool { times.body != nil }
    private var deadline: Scheduled<Void>?
    /// Requests whose answer is not complete.
    private var openCount = 0
    private var isReadingBody = false

    /// - Parameter places: is told whether the connection is waiting for a request.
    public init(_ times: RequestTimes, places: ConnectionPlaces? = nil) {
        self.times = times
        self.places = places
    }

    public func handlerAdded(context: ChannelHandlerContext) { closeConnection(context, in: times.head) }

    public func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            openCount += 1
            isReadingBody = true
            if !waitsForBody { places?.note(context.channel, isWaiting: false) }
            closeConnection(context, in: times.body)
        case .body: break
        case .end:
            isReadingBody = false
            if openCount > 0 { answering(context) } else { waiting(context) }
        }
        context.fireChannelRead(data)
    }

    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            openCount = max(0, openCount - 1)
            if openCount == 0, !isReadingBody { waiting(context) }
        }
        context.write(data, promise: promise)
    }

    public func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let longer = event as? LongerAnswer else { return context.triggerUserOutboundEvent(event, promise: promise) }
        if openCount > 0, !isReadingBody { closeConnection(context, in: longer.time) }
        promise?.succeed()
    }

    private func answering(_ context: ChannelHandlerContext) {
        places?.note(context.channel, isWaiting: false)
        closeConnection(context, in: times.answer)
    }

    private func waiting(_ context: ChannelHandlerContext) {
        places?.note(context.channel, isWaiting: true)
        closeConnection(context, in: times.nextHead)
    }

    private func closeConnection(_ context: ChannelHandlerContext, in time: TimeAmount?) {
        deadline?.cancel()
        let channel = context.channel
        deadline = time.map { context.eventLoop.scheduleTask(in: $0) { channel.close(promise: nil) } }
    }
}
