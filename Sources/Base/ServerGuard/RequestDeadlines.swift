import NIOCore
import NIOHTTPTypes

/// How long the parts of a request may take. Each is a deadline for the whole part: a byte now and then does not extend it.
public struct RequestTimes: Sendable {
    /// From the connection to the end of the first request's header.
    public var head: TimeAmount
    /// From the end of an answer to the end of the next request's header.
    public var nextHead: TimeAmount
    /// From the header to the end of the body; nil: as long as it takes.
    public var body: TimeAmount?
    /// From the end of the request to the end of the answer, which a client may read as slowly as it likes; nil: as long as it takes.
    public var answer: TimeAmount?

    public init(head: TimeAmount, nextHead: TimeAmount, body: TimeAmount?, answer: TimeAmount?) {
        self.head = head
        self.nextHead = nextHead
        self.body = body
        self.answer = answer
    }
}

/// Hangs up on a client that takes longer than `times` allows.
public final class RequestDeadlines: ChannelDuplexHandler, RemovableChannelHandler {
    public typealias InboundIn = HTTPRequestPart
    public typealias InboundOut = HTTPRequestPart
    public typealias OutboundIn = HTTPResponsePart
    public typealias OutboundOut = HTTPResponsePart

    private let times: RequestTimes
    private let places: ConnectionPlaces?
    /// A body that comes late keeps its place where bodies have no deadline.
    private var waitsForBody: Bool { times.body != nil }
    private var deadline: Scheduled<Void>?
    /// Requests whose answer has not ended.
    private var openCount = 0
    private var isReadingBody = false

    /// - Parameter places: where to note whether the connection waits for a request.
    public init(_ times: RequestTimes, places: ConnectionPlaces? = nil) {
        self.times = times
        self.places = places
    }

    public func handlerAdded(context: ChannelHandlerContext) { hangUp(context, in: times.head) }

    public func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            openCount += 1
            isReadingBody = true
            if !waitsForBody { places?.note(context.channel, isWaiting: false) }
            hangUp(context, in: times.body)
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

    private func answering(_ context: ChannelHandlerContext) {
        places?.note(context.channel, isWaiting: false)
        hangUp(context, in: times.answer)
    }

    private func waiting(_ context: ChannelHandlerContext) {
        places?.note(context.channel, isWaiting: true)
        hangUp(context, in: times.nextHead)
    }

    private func hangUp(_ context: ChannelHandlerContext, in time: TimeAmount?) {
        deadline?.cancel()
        let channel = context.channel
        deadline = time.map { context.eventLoop.scheduleTask(in: $0) { channel.close(promise: nil) } }
    }
}
