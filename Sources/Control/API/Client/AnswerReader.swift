import NIOCore
import NIOHTTP1

/// Reads one answer part by part: first the status, then the body's pieces, with a limit on what is collected.
struct AnswerReader {
    private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private var ended = false

    init(_ parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) {
        self.parts = parts
    }

    mutating func status() async throws -> Int {
        while let part = try await parts.next() {
            if case .head(let head) = part { return Int(head.status.code) }
        }
        throw Self.broken
    }

    /// The next piece of the body, nil at its end. An end of the connection before that is `.broken`.
    mutating func next() async throws -> [UInt8]? {
        if ended { return nil }
        while let part = try await parts.next() {
            switch part {
            case .head: continue
            case .body(let buffer): return Array(buffer.readableBytesView)
            case .end:
                ended = true
                return nil
            }
        }
        throw Self.broken
    }

    mutating func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try await next() {
            guard bytes.count + part.count <= ControlJSON.bodyBytesMax else { throw ControlClient.tooLarge }
            bytes += part
        }
        return bytes
    }

    static let broken = ControlClientError(.broken, "fitnessd ended the connection before its answer was complete")
}
