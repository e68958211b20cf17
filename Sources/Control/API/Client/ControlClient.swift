import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks the daemon over its Unix socket: HTTP/1.1, one connection a request. Owns nothing but the path and the limits.
public struct ControlClient: Sendable {
    public let socketPath: String
    /// How long nothing may come or go before a request is given up.
    public let idleTimeout: Duration

    public init(socketPath: String, idleTimeout: Duration = .seconds(30)) {
        self.socketPath = socketPath
        self.idleTimeout = idleTimeout
    }

    /// Asks and decodes the answer. Throws `ControlClientError`.
    public func ask<Answer: Decodable>(_ target: ControlTarget, body: (any Encodable & Sendable)? = nil) async throws -> Answer {
        try Self.decoded(try await bytes(target, body: body))
    }

    /// Asks and returns the answer's bytes as sent: the API's message, for `--json`.
    public func bytes(_ target: ControlTarget, body: (any Encodable & Sendable)? = nil) async throws -> [UInt8] {
        let encoded = try body.map { try ControlJSON.encode($0) }
        return try await exchange(target, body: .whole(encoded ?? []), Self.collected)
    }

    /// Sends `chunks` as they come (the import's JSON lines) and returns the answer's bytes. The body is never held as a whole.
    public func upload(
        _ target: ControlTarget, chunks: @escaping @Sendable () async throws -> [UInt8]?
    ) async throws -> [UInt8] {
        try await exchange(target, body: .chunks(chunks), Self.collected)
    }

    /// Asks for a stream of JSON lines and hands each line over as it comes, until the stream ends or `receive` returns false.
    public func lines(_ target: ControlTarget, _ receive: @escaping @Sendable ([UInt8]) async throws -> Bool) async throws {
        try await exchange(target, body: .whole([])) { answer in
            var answer = answer
            var lines = LineSplitter(lineBytesMax: ControlJSON.lineBytesMax)
            while let part = try await answer.next() {
                lines.append(part)
                while let line = lines.next() {
                    if try await !receive(Self.whole(line)) { return }
                }
            }
            if let rest = lines.finish() { _ = try await receive(Self.whole(rest)) }
        }
    }

    /// Asks and hands the answer's bytes over as they come, however many. An answer that was cut short throws `.broken`.
    public func download(_ target: ControlTarget, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void) async throws {
        try await exchange(target, body: .whole([])) { answer in
            var answer = answer
            while let part = try await answer.next() { try await receive(part) }
        }
    }

    /// Decodes an answer that `bytes` or `upload` returned. Texts in it may be shown on a terminal as they are (`PlainText`).
    public static func decoded<Answer: Decodable>(_ bytes: [UInt8]) throws -> Answer {
        do {
            return try ControlJSON.decode(Answer.self, from: Array(PlainText.cleaningJSON(String(decoding: bytes, as: UTF8.self)).utf8))
        } catch {
            throw ControlClientError(
                .unreadable, "fitnessd's answer can't be read: fitnessctl and fitnessd may be of different versions")
        }
    }

    static let tooLarge = ControlClientError(.answerTooLarge, "fitnessd's answer is larger than the control API allows")

    private static func whole(_ line: LineSplitter.Line) throws -> [UInt8] {
        guard case .whole(let bytes) = line else { throw tooLarge }
        return bytes
    }

    private static func collected(_ answer: AnswerReader) async throws -> [UInt8] {
        var answer = answer
        return try await answer.collect()
    }
}
