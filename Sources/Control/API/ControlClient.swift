import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Sends requests to the daemon over its Unix socket: HTTP/1.1, one connection per request. Holds only the path and the timeout.
///
/// All methods throw `ControlClientError`, and whatever the caller's closures throw.
public struct ControlClient: Sendable {
    public let socketPath: String
    /// A request is given up when nothing is sent or received for this long.
    public let idleTimeout: Duration

    public init(socketPath: String, idleTimeout: Duration = .seconds(30)) {
        self.socketPath = socketPath
        self.idleTimeout = idleTimeout
    }

    /// Sends a request and returns the response's bytes unchanged: the API's message, for `--json`.
    public func bytes(_ target: ControlTarget, body: (any Encodable & Sendable)? = nil) async throws -> [UInt8] {
        let encoded = try body.map { try ControlJSON.encode($0) }
        return try await exchange(target, body: .whole(encoded ?? []), Self.collected)
    }

    /// Sends `chunks` (the JSON lines of an import) as they become available and returns the response's bytes. The body is never held as a
    /// whole.
    ///
    /// - Parameter chunks: the next bytes; nil at the end.
    public func upload(
        _ target: ControlTarget, chunks: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws -> [UInt8] {
        try await exchange(target, body: .chunks(chunks), Self.collected)
    }

    /// Requests a stream of JSON lines and passes on each line as it arrives, until the stream ends or `receive` returns false.
    public func lines(_ target: ControlTarget, _ receive: @escaping @Sendable ([UInt8]) async throws -> Bool) async throws {
        try await exchange(target, body: .whole([])) { response in
            var response = response
            var lines = LineSplitter(lineBytesMax: ControlJSON.lineBytesMax)
            while let part = try await response.next() {
                lines.append(part)
                while let line = lines.next() {
                    if try await !receive(Self.whole(line)) { return }
                }
            }
            if let rest = lines.finish() { _ = try await receive(Self.whole(rest)) }
        }
    }

    /// Requests a body of any size and passes on its bytes as they arrive. A body that is cut short throws `.broken`.
    public func download(_ target: ControlTarget, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        try await exchange(target, body: .whole([])) { response in
            var response = response
            while let part = try await response.next() { try await receive(part) }
        }
    }

    /// Decodes a response that `bytes` or `upload` returned, or a line of a stream. Its strings are safe to show on a terminal (`PlainText`).
    public static func decoded<Response: Decodable>(_ bytes: [UInt8]) throws -> Response {
        do {
            return try ControlJSON.decode(Response.self, from: Array(PlainText.cleaningJSON(String(decoding: bytes, as: UTF8.self)).utf8))
        } catch {
            throw ControlClientError(
                .unreadable, "fitnessd's response can't be read: fitnessctl and fitnessd may be of different versions")
        }
    }

    private static func whole(_ line: LineSplitter.Line) throws -> [UInt8] {
        guard case .whole(let bytes) = line else { throw ResponseReader.tooLarge }
        return bytes
    }

    private static func collected(_ response: ResponseReader) async throws -> [UInt8] {
        var response = response
        return try await response.collect()
    }

    // MARK: One exchange

    private typealias ClientChannel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private enum RequestBody: Sendable {
        case whole([UInt8])
        case chunks(@Sendable () async throws -> [UInt8]?)
    }

    /// A daemon that stops may close a connection that it has just taken. Then a question is asked again, once: whoever listens next answers it.
    private func exchange<Result: Sendable>(
        _ target: ControlTarget, body: RequestBody, _ read: @escaping @Sendable (ResponseReader) async throws -> Result
    ) async throws -> Result {
        let seen = SeenHead()
        do {
            return try await exchange(target, body, seen, read)
        } catch let error as ControlClientError where error.code == .broken && target.route.method == "GET" && !seen.isHere {
            return try await exchange(target, body, seen, read)
        }
    }

    /// One connection, one request, one response. A status other than 2xx throws `.refused`.
    private func exchange<Result: Sendable>(
        _ target: ControlTarget, _ body: RequestBody, _ seen: SeenHead,
        _ read: @escaping @Sendable (ResponseReader) async throws -> Result
    ) async throws -> Result {
        let idle = IdleLimit()
        let channel = try await connect(idle)
        do {
            return try await channel.executeThenClose { inbound, outbound in
                try await sendIgnoringDisconnect(target, body, to: outbound)
                var response = ResponseReader(inbound.makeAsyncIterator())
                let (status, id) = try await response.head()
                seen.note(requestID: id)
                guard (200..<300).contains(status) else {
                    throw ControlClientError.refused(status: status, body: try await response.collect())
                }
                return try await read(response)
            }
        } catch let error {
            let translated = Self.translated(error, idle)
            throw (translated as? ControlClientError)?.with(requestID: seen.requestID) ?? translated
        }
    }

    /// Turns NIO's errors into ours; errors of the caller's closures pass unchanged.
    private static func translated(_ error: any Error, _ idle: IdleLimit) -> any Error {
        guard isTransport(error) || (error as? ControlClientError)?.code == .broken else { return error }
        if idle.wasReached { return ControlClientError(.timeout, "fitnessd did not respond in time") }
        return ResponseReader.broken
    }

    private static func isTransport(_ error: any Error) -> Bool {
        error is ChannelError || error is IOError || error is HTTPParserError || error is NIOAsyncWriterError
    }

    /// The server may reject a request early and close: write errors are ignored, and its response is reported instead.
    private func sendIgnoringDisconnect(
        _ target: ControlTarget, _ body: RequestBody, to outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        do {
            try await send(target, body, to: outbound)
        } catch let error where Self.isTransport(error) {}
    }

    private func connect(_ idle: IdleLimit) async throws -> ClientChannel {
        // sun_path holds 108 bytes including the terminating zero (unix(7)).
        guard socketPath.utf8.count <= 107 else {
            throw ControlClientError.notReachable(socketPath, "the path is longer than 107 bytes")
        }
        let nanoseconds = idleTimeout.components.seconds * 1_000_000_000 + idleTimeout.components.attoseconds / 1_000_000_000
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(5))
                .connect(unixDomainSocketPath: socketPath) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        try pipeline.addHandler(IdleStateHandler(allTimeout: .nanoseconds(nanoseconds)))
                        try pipeline.addHandler(idle)
                        return try ClientChannel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM {
            throw ControlClientError.notPermitted(socketPath)
        } catch let error as IOError {
            throw ControlClientError.notReachable(socketPath, Self.reason(error.errnoCode))
        } catch is ChannelError {
            throw ControlClientError.notReachable(socketPath, "no answer within 5 seconds")
        }
    }

    private func send(
        _ target: ControlTarget, _ body: RequestBody, to outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        var head = HTTPRequestHead(version: .http1_1, method: .init(rawValue: target.route.method), uri: target.path)
        head.headers = ["host": "fitnessd", "accept": "application/json", "connection": "close"]
        switch body {
        case .whole(let bytes):
            head.headers.add(name: "content-length", value: String(bytes.count))
            if !bytes.isEmpty { head.headers.add(name: "content-type", value: "application/json") }
            try await outbound.write(.head(head))
            if !bytes.isEmpty { try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: bytes)))) }
        case .chunks(let next):
            head.headers.add(name: "transfer-encoding", value: "chunked")
            head.headers.add(name: "content-type", value: "application/x-ndjson")
            try await outbound.write(.head(head))
            while let chunk = try await next() {
                try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: chunk))))
            }
        }
        try await outbound.write(.end(nil))
    }

    private static func reason(_ code: CInt) -> String {
        switch code {
        case ENOENT: "no such socket"
        case ECONNREFUSED: "nobody listens there"
        case ENOTSOCK: "not a socket"
        default: String(cString: strerror(code))
        }
    }
}

/// Reads one response: first its head, then the body in parts, with a limit on what is collected.
private struct ResponseReader {
    private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private var hasEnded = false

    init(_ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
        self.parts = parts
    }

    mutating func head() async throws -> (status: Int, requestID: String?) {
        while let part = try await parts.next() {
            if case .head(let head) = part { return (Int(head.status.code), Self.requestID(head)) }
        }
        throw Self.broken
    }

    /// The daemon's id, and nothing else that a header may hold.
    private static func requestID(_ head: HTTPResponseHead) -> String? {
        head.headers.first(name: "x-request-id").flatMap { $0.wholeMatch(of: /[0-9a-f]{16}/) == nil ? nil : $0 }
    }

    /// The next part of the body, nil at its end. Throws `.broken` when the connection ends first.
    mutating func next() async throws -> [UInt8]? {
        if hasEnded { return nil }
        while let part = try await parts.next() {
            switch part {
            case .head: continue
            case .body(let buffer): return Array(buffer.readableBytesView)
            case .end:
                hasEnded = true
                return nil
            }
        }
        throw Self.broken
    }

    mutating func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try await next() {
            guard bytes.count + part.count <= ControlJSON.bodyBytesMax else { throw Self.tooLarge }
            bytes += part
        }
        return bytes
    }

    static let broken = ControlClientError(.broken, "fitnessd closed the connection before its response was complete")
    static let tooLarge = ControlClientError(.responseTooLarge, "fitnessd's response is larger than the control API allows")
}

/// Whether the head of a response has arrived, and the request's id in it.
private final class SeenHead: Sendable {
    private let head = Mutex<(isHere: Bool, requestID: String?)>((false, nil))

    var isHere: Bool { head.withLock { $0.isHere } }
    var requestID: String? { head.withLock { $0.requestID } }

    func note(requestID: String?) { head.withLock { $0 = (true, requestID) } }
}

/// Closes a connection that was idle for the whole timeout and remembers that it did, since readers and writers only see a closed
/// connection.
private final class IdleLimit: ChannelInboundHandler, Sendable {
    typealias InboundIn = NIOAny

    private let reached = Atomic(false)

    var wasReached: Bool { reached.load(ordering: .acquiring) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
        reached.store(true, ordering: .releasing)
        context.close(promise: nil)
    }
}
