import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Sends raw bytes over a Unix socket and reads until the other end closes: for requests that a well-behaved client never makes.
enum RawRequest {
    struct Answer: Sendable {
        let status: Int
        let head: String
        let body: String
    }

    static func send(_ request: String, to path: String) async throws -> Answer {
        // Reading blocks until the server closes: not on the cooperative threads, which serve the response.
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try exchange(request, path) }) }
        }
    }

    private static func exchange(_ request: String, _ path: String) throws -> Answer {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        guard connect(descriptor, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = Array(request.utf8).withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        return parse(String(decoding: readAll(descriptor), as: UTF8.self))
    }

    /// A request with a body, on a connection that is closed after it.
    static func post(_ path: String, _ body: String, to socket: String) async throws -> Answer {
        try await send(
            "POST \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)", to: socket)
    }

    static func get(_ path: String, to socket: String) async throws -> Answer {
        try await send("GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", to: socket)
    }

    fileprivate static func connect(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return all }
            all += buffer.prefix(count)
        }
    }

    private static func parse(_ text: String) -> Answer {
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let words = (parts.first ?? "").split(separator: " ")
        return Answer(
            status: words.count > 1 ? Int(words[1]) ?? 0 : 0, head: String(parts.first ?? ""),
            body: parts.count > 1 ? String(parts[1]) : "")
    }
}

/// Sends a request over a Unix socket and reads nothing of the response.
final class IdleReader: Sendable {
    private let descriptor: Int32

    init(_ request: String, at path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard RawRequest.connect(descriptor, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = Array(request.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    var hasAnswer: Bool { events & Int16(POLLIN) != 0 }
    var isDisconnected: Bool { events & Int16(POLLHUP) != 0 }

    func close() { Glibc.close(descriptor) }

    private var events: Int16 {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, 0)
        return descriptor.revents
    }
}

/// A Unix-socket server that answers every request with fixed bytes, then closes the connection or stays silent.
struct RawServer {
    enum End: Sendable { case close, staySilent }

    /// Serves at `path` while `body` runs.
    static func serve<Answer: Sendable>(
        _ bytes: String, then end: End, at path: String, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        try await serve([bytes], then: end, at: path, body)
    }

    /// The same with other bytes for each connection, the last ones for all that follow.
    static func serve<Answer: Sendable>(
        _ answers: [String], then end: End, at path: String, _ body: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let count = Atomic(0)
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let place = count.add(1, ordering: .relaxed).newValue
                return channel.eventLoop.makeCompletedFuture {
                    let bytes = answers[min(place, answers.count) - 1]
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
            if end == .close { context.close(promise: nil) }
        }
    }
}
