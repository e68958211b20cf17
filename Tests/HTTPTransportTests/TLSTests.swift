import Foundation
import HTTPTransport
import TestKit
import Testing

/// A failed TLS handshake fails the request before a byte of it is sent.
struct TLSTests {
    @Test func `a server that doesn't speak TLS has received nothing`() async throws {
        try await withServer(script: { _ in [.answer(200)] }) { server, client in
            // The server waits for the end of an HTTP header, which a TLS hello never contains.
            let error = await client.failure(of: HTTPRequest(url: "https://127.0.0.1:\(server.port)/", timeout: .milliseconds(300)))
            #expect(error?.code == .timeout)
            #expect(error?.mayHaveReachedServer == false)
            #expect(server.requests.isEmpty)
        }
    }

    @Test func `an untrusted certificate is refused`() async throws {
        let server = try await OpenSSLServer()
        let client = HTTPClient(userAgent: "transport-tests/1")
        let error = await client.failure(of: HTTPRequest(url: "https://127.0.0.1:\(server.port)/"))
        #expect(error?.code == .tls)
        #expect(error?.mayHaveReachedServer == false)
        #expect(error?.curlCode == 60)
        await client.shutdown()
        await server.stop()
    }
}

/// `openssl s_server` with a self-signed certificate. ca-certificates, without which no https works, installs the program.
final class OpenSSLServer {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let port: Int
    private let process: Process
    private let ended: AsyncStream<Int32>
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (key, certificate) = (folder.appending(path: "key.pem").path, folder.appending(path: "certificate.pem").path)
        let make = try Self.start([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", key, "-out",
            certificate, "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        guard await make.ended.first(where: { _ in true }) == 0 else { throw Failure(description: "openssl could not make a certificate") }
        let serve = try Self.start(["s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, "-www"])
        (process, ended) = (serve.process, serve.ended)
        port = try await Self.port(in: serve.output)
    }

    /// By SIGKILL: a child started from a pool thread has that thread's signal mask, which blocks SIGTERM.
    func stop() async {
        kill(process.processIdentifier, SIGKILL)
        for await _ in ended { break }
        try? FileManager.default.removeItem(at: folder)
    }

    private static func start(_ arguments: [String]) throws -> (process: Process, output: AsyncStream<Data>, ended: AsyncStream<Int32>) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        process.standardInput = Pipe()
        let (output, outputFeed) = AsyncStream.makeStream(of: Data.self)
        let (ended, endedFeed) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = { endedFeed.yield($0.terminationStatus) }
        do { try process.run() } catch { throw Failure(description: "the TLS tests need /usr/bin/openssl (apt-get install openssl)") }
        follow(pipe) { piece in
            if let piece { outputFeed.yield(piece) } else { outputFeed.finish() }
        }
        return (process, output, ended)
    }

    /// The port in its line `ACCEPT 127.0.0.1:43210`.
    private static func port(in output: AsyncStream<Data>) async throws -> Int {
        var text = ""
        for await piece in output {
            text += String(decoding: piece, as: UTF8.self)
            let lines = text.split(separator: "\n").filter { $0.hasPrefix("ACCEPT ") }
            if text.hasSuffix("\n"), let port = lines.first?.split(separator: ":").last.flatMap({ Int($0) }) { return port }
        }
        throw Failure(description: "openssl s_server ended before it said its port")
    }
}
