import Foundation
import Synchronization

/// Passes connections on to a PostgreSQL server and counts round trips: each time a client sends after the server has answered. Two threads a
/// connection.
public final class RoundTripCounter: Sendable {
    /// A connection's two sockets. Each is read by a thread of its own; the last to end closes both.
    private final class Pair: Sendable {
        let client: Int32
        let server: Int32
        /// Whether the last bytes were the client's.
        let isClients = Atomic<Bool>(false)
        private let threads = Atomic<Int>(2)

        init(client: Int32, server: Int32) {
            self.client = client
            self.server = server
        }

        func cut() { for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) } }

        func threadEnded() {
            cut()
            if threads.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 {
                for descriptor in [client, server] { close(descriptor) }
            }
        }
    }

    private struct State {
        var count = 0
        var pairs: [ObjectIdentifier: Pair] = [:]
    }

    private let listener: Int32
    private let socketPath: String
    private let state = Mutex(State())
    /// The database behind the counter.
    public let url: String

    /// - Parameter url: of a database on a Unix socket, as `withTestDatabaseURL` lends it.
    public init(_ url: String) throws {
        let (descriptor, port) = try LoopbackSocket.listen()
        listener = descriptor
        // postgresql://USER@HOST:PORT/DATABASE, where HOST is a percent-encoded folder.
        guard let match = url.wholeMatch(of: #/(?<user>[^@]+@)(?<host>[^:]+):(?<port>\d+)(?<database>/.+)/#),
            let folder = String(match.host).removingPercentEncoding
        else { throw LoopbackSocket.Failure(description: "not the URL of a database on a Unix socket: \(url)") }
        socketPath = "\(folder)/.s.PGSQL.\(match.port)"
        self.url = "\(match.user)127.0.0.1:\(port)\(match.database)?sslmode=disable&gssencmode=disable"
        Thread { [self] in accept() }.start()
    }

    /// Round trips since the last call.
    public func take() -> Int {
        state.withLock { state in
            defer { state.count = 0 }
            return state.count
        }
    }

    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for pair in state.withLock({ $0.pairs.values }) { pair.cut() }
    }

    private func accept() {
        while case let client = Glibc.accept(listener, nil, nil), client >= 0 {
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            guard connect(server) else {
                for descriptor in [client, server] { close(descriptor) }
                continue
            }
            let pair = Pair(client: client, server: server)
            state.withLock { $0.pairs[ObjectIdentifier(pair)] = pair }
            for isClient in [true, false] { Thread { [self] in pass(pair, fromClient: isClient) }.start() }
        }
    }

    private func connect(_ server: Int32) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(socketPath.utf8.prefix(room - 1))) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(server, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private func pass(_ pair: Pair, fromClient: Bool) {
        let (source, target) = fromClient ? (pair.client, pair.server) : (pair.server, pair.client)
        let output = LoopbackSocket(target)
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while case let count = recv(source, &piece, piece.count, 0), count > 0 {
            // Counted before the bytes go on, so that no answer is there before the count.
            let wasClients = pair.isClients.exchange(fromClient, ordering: .sequentiallyConsistent)
            if fromClient, !wasClients { state.withLock { $0.count += 1 } }
            guard output.send(Array(piece[..<count])) else { break }
        }
        state.withLock { $0.pairs[ObjectIdentifier(pair)] = nil }
        pair.threadEnded()
    }
}
