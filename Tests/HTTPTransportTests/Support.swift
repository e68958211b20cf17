import Core
import Foundation
import HTTPTransport
import TestKit

/// Runs `body` with a scripted server and a client, and ends both.
func withServer(
    inFlightMax: Int = 8, queuedMax: Int = 64, script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step],
    _ body: (ScriptedServer, HTTPClient) async throws -> Void
) async throws {
    let server = try ScriptedServer(script)
    let client = HTTPClient(inFlightMax: inFlightMax, queuedMax: queuedMax, userAgent: "transport-tests/1")
    do {
        try await body(server, client)
        await client.shutdown()
        server.stop()
    } catch {
        await client.shutdown()
        server.stop()
        throw error
    }
}

extension HTTPClient {
    /// The error of a request that must fail; nil when it was answered.
    func failure(of request: HTTPRequest) async -> HTTPTransportError? {
        do {
            _ = try await send(request)
            return nil
        } catch {
            return error as? HTTPTransportError
        }
    }

    func text(of request: HTTPRequest) async throws -> String {
        String(decoding: try await send(request).body, as: UTF8.self)
    }
}

/// A port on which no server listens.
func deafPort() throws -> UInt16 {
    let server = try ScriptedServer { _ in [.close] }
    server.stop()
    return server.port
}

/// Gzip files made by hand (RFC 1951, 1952), so that the tests control every byte.
enum GzipBytes {
    /// One stored block: not smaller than the text, but gzip all the same.
    static func stored(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        let count = UInt16(bytes.count)
        return header + [1] + little(UInt32(count) | UInt32(~count) << 16) + bytes + little(checksum(bytes)) + little(UInt32(bytes.count))
    }

    /// About `count` zero bytes in a thousandth of the space: a zero, then copies of 258 bytes from one byte before. Its checksum is wrong,
    /// which only matters to a reader that reads to the end.
    static func bomb(count: Int) -> [UInt8] {
        var bits = BitWriter()
        bits.write(0b1, 1)
        bits.write(0b01, 2)
        bits.writeCode(0x30, 8)
        for _ in 0..<(count / 258) {
            bits.writeCode(0b1100_0101, 8)
            bits.writeCode(0, 5)
        }
        bits.writeCode(0, 7)
        return header + bits.finished() + [UInt8](repeating: 0, count: 8)
    }

    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]

    private static func little(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
        }
    }

    private struct BitWriter {
        private var bytes: [UInt8] = []
        private var current: UInt8 = 0
        private var used = 0

        /// Lowest bit first.
        mutating func write(_ value: Int, _ count: Int) {
            for bit in 0..<count { append(value >> bit & 1) }
        }

        /// A Huffman code goes in from its highest bit.
        mutating func writeCode(_ value: Int, _ count: Int) {
            for bit in (0..<count).reversed() { append(value >> bit & 1) }
        }

        func finished() -> [UInt8] { used == 0 ? bytes : bytes + [current] }

        private mutating func append(_ bit: Int) {
            current |= UInt8(bit) << used
            used += 1
            if used == 8 {
                bytes.append(current)
                (current, used) = (0, 0)
            }
        }
    }
}
