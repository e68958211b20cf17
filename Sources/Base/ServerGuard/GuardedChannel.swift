import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 for clients that nobody knows: places are counted per address, and slow clients are hung up on.
public struct GuardedChannel: ServerChildChannel {
    public typealias Value = HTTP1Channel.Value

    private let http: HTTP1Channel
    private let places: ConnectionPlaces

    /// - Parameters:
    ///   - decoder: the largest header that is read.
    ///   - times: how long the parts of a request may take.
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

/// Hangs up as soon as the connection is complete: before that a channel can't be closed in good order.
private final class RefusedConnection: ChannelInboundHandler {
    typealias InboundIn = Any

    func channelActive(context: ChannelHandlerContext) { context.close(promise: nil) }
}
