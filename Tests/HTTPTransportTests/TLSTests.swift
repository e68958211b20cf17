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
