import Core
import Glibc
import TestKit
import Testing

@Suite struct BindProbeTests {
    @Test func `a port where another program listens is no port for a server`() throws {
        let (descriptor, port) = try LoopbackSocket.listen()
        #expect(BindProbe.failure(host: "127.0.0.1", port: Int(port)) == EADDRINUSE)
        #expect(BindProbe.failure(host: "localhost", port: Int(port)) == EADDRINUSE)
        #expect(BindProbe.failure(host: "0.0.0.0", port: Int(port)) == EADDRINUSE)
        close(descriptor)
        #expect(BindProbe.failure(host: "127.0.0.1", port: Int(port)) == nil)
    }

    @Test func `a probe leaves the port free for the server, also when a connection there has just ended`() throws {
        let (descriptor, port) = try LoopbackSocket.listen()
        // The other half of the rule (socket(7)): the one that listened had the option, too.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let client = try LoopbackSocket.connect(to: Int(port))
        // The side that closes first keeps the port for a while (TIME_WAIT).
        close(accept(descriptor, nil, nil))
        close(client)
        close(descriptor)
        for _ in 1...2 { #expect(BindProbe.failure(host: "127.0.0.1", port: Int(port)) == nil) }
    }

    @Test func `an address of another machine fails, and a name without an address is left to the server`() throws {
        let port = try LoopbackSocket.freePort()
        #expect(BindProbe.failure(host: "192.0.2.1", port: port) == EADDRNOTAVAIL)
        #expect(BindProbe.failure(host: "no such host", port: port) == nil)
    }
}
