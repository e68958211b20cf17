import ControlAPI
import Foundation
import TestKit
import Testing

@Suite struct ControlClientTests {
    @Test func `no socket means not reachable, with the path and what to do`() async throws {
        let error = await failure(ControlClient(socketPath: "/tmp/no-such-folder/control.sock"))
        #expect(error?.code == .notReachable)
        #expect(
            error?.description
                == "daemon not reachable: is fitnessd running? socket /tmp/no-such-folder/control.sock (no such socket)")
    }

    @Test func `a file that is not a socket and a path that is too long mean not reachable`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "file").path
            try Data().write(to: URL(filePath: file))
            #expect(await failure(ControlClient(socketPath: file))?.code == .notReachable)
        }
        let long = await failure(ControlClient(socketPath: "/" + String(repeating: "x", count: 107)))
        #expect(long?.code == .notReachable)
        #expect(long?.description.contains("107 bytes") == true)
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"url\"", ControlClientError.Code.broken),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"url\":1}", .unreadable),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nno!", .unreadable),
        ("HTTP/1.1 500 Oops\r\ncontent-length: 3\r\n\r\nno!", .unreadable),
        ("SSH-2.0-OpenSSH\r\n", .broken),
        ("", .broken),
    ])
    func `a cut or malformed response has an error of its own`(answer: String, code: ControlClientError.Code) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let error = try await RawServer.serve(answer, then: .close, at: path) {
                await failure(ControlClient(socketPath: path))
            }
            #expect(error?.code == code)
        }
    }

    @Test func `a refusal carries status, code and sentence`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let body = #"{"error":{"code":"busy","message":"later"}}"#
            let answer = "HTTP/1.1 503 Busy\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            let error = try await RawServer.serve(answer, then: .close, at: path) {
                await failure(ControlClient(socketPath: path))
            }
            #expect(error == ControlClientError(.refused, "later", status: 503, refusal: "busy"))
        }
    }

    @Test func `a refusal in the middle of an upload is reported as such`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let body = #"{"error":{"code":"not_allowed","message":"go away"}}"#
            let answer = "HTTP/1.1 403 No\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
            let error = try await RawServer.serve(answer, then: .close, at: path) {
                await #expect(throws: ControlClientError.self) {
                    try await ControlClient(socketPath: path).upload(ControlTarget(.importAthletes)) {
                        [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
                    }
                }
            }
            #expect(error?.refusal == "not_allowed")
        }
    }

    @Test func `a silent server is given up after the timeout`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let error = try await RawServer.serve("HTTP/1.1 200 OK\r\n", then: .staySilent, at: path) {
                await failure(ControlClient(socketPath: path, idleTimeout: .milliseconds(100)))
            }
            #expect(error?.code == .timeout)
        }
    }

    @Test func `a response beyond the limit is not collected`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "s").path
            let size = ControlJSON.bodyBytesMax + 1
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: \(size)\r\n\r\n" + String(repeating: " ", count: size)
            let error = try await RawServer.serve(answer, then: .staySilent, at: path) {
                await failure(ControlClient(socketPath: path))
            }
            #expect(error?.code == .responseTooLarge)
        }
    }

    private func failure(_ client: ControlClient) async -> ControlClientError? {
        do {
            let _: ConnectMessage = try await client.send(ControlTarget(.connect), body: ConnectRequest(uid: "u"))
            Issue.record("the request succeeded")
            return nil
        } catch {
            return error as? ControlClientError
        }
    }
}
