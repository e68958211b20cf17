import NIOCore

/// Ends a connection on which nothing came or went for the whole of the timeout, with an error that says so.
final class IdleLimit: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        context.fireErrorCaught(ControlClientError(.timeout, "fitnessd did not answer in time"))
        context.close(promise: nil)
    }
}
