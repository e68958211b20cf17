import NIOCore
import NIOPosix

/// A Unix-socket server that answers every request with fixed bytes, whatever they are, then hangs up or stays silent.
struct RawServer {
    enum End: Sendable { case hangUp, staySilent }

    /// Serves at `path` while `body` runs.
    static func serve<Answer: Sendable>(
        _ bytes: String, then end: End, at path: String, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answerer(bytes: bytes, end: end))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        do {
            let answer = try await body()
            try await server.close()
            return answer
        } catch {
            try await server.close()
            throw error
        }
    }

    private final class Answerer: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let bytes: String
        private let end: End
        private var hasAnswered = false

        init(bytes: String, end: End) {
            self.bytes = bytes
            self.end = end
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !hasAnswered else { return }
            hasAnswered = true
            context.writeAndFlush(NIOAny(ByteBuffer(string: bytes)), promise: nil)
            if end == .hangUp { context.close(promise: nil) }
        }
    }
}
