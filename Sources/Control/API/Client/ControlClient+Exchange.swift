import NIOCore
import NIOHTTP1
import NIOPosix

extension ControlClient {
    typealias ClientChannel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    enum RequestBody: Sendable {
        case whole([UInt8])
        case chunks(@Sendable () async throws -> [UInt8]?)
    }

    /// One connection, one request, one answer. A status other than 2xx becomes `.refused`.
    func exchange<Result: Sendable>(
        _ target: ControlTarget, body: RequestBody, _ read: @escaping @Sendable (AnswerReader) async throws -> Result
    ) async throws -> Result {
        let idle = IdleLimit()
        let channel = try await connect(idle)
        do {
            return try await channel.executeThenClose { inbound, outbound in
                try await sendAsFarAsWanted(target, body, to: outbound)
                var answer = AnswerReader(inbound.makeAsyncIterator())
                let status = try await answer.status()
                guard (200..<300).contains(status) else {
                    throw ControlClientError.refused(status: status, body: try await answer.collect())
                }
                return try await read(answer)
            }
        } catch let error {
            throw Self.told(error, idle)
        }
    }

    /// What the library throws, in our words; errors of the caller's closures pass as they are.
    private static func told(_ error: any Error, _ idle: IdleLimit) -> any Error {
        guard isTransport(error) || (error as? ControlClientError)?.code == .broken else { return error }
        if idle.wasReached { return ControlClientError(.timeout, "fitnessd did not answer in time") }
        return AnswerReader.broken
    }

    private static func isTransport(_ error: any Error) -> Bool {
        error is ChannelError || error is IOError || error is HTTPParserError || error is NIOAsyncWriterError
    }

    /// A server may refuse before it has read everything, and hang up: what can't be sent any more is not wanted, the answer tells why.
    private func sendAsFarAsWanted(
        _ target: ControlTarget, _ body: RequestBody, to outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        do {
            try await send(target, body, to: outbound)
        } catch let error where Self.isTransport(error) {}
    }

    private func connect(_ idle: IdleLimit) async throws -> ClientChannel {
        // sun_path holds 108 bytes with the closing zero (unix(7)).
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
            throw ControlClientError.notPermitted(socketPath, group: SocketGroup.name(of: socketPath))
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
