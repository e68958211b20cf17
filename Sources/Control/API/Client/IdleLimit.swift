import NIOCore
import Synchronization

/// Ends a connection on which nothing came or went for the whole of the timeout, and remembers that it did: whoever reads or writes then
/// only sees a closed connection.
final class IdleLimit: ChannelInboundHandler, Sendable {
    typealias InboundIn = NIOAny

    private let reached = Atomic(false)

    var wasReached: Bool { reached.load(ordering: .acquiring) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        reached.store(true, ordering: .releasing)
        context.close(promise: nil)
    }
}
