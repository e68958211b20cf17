import Foundation

/// The few socket calls of servers and clients on the loopback address, and just enough HTTP to know where a request ends.
public final class LoopbackSocket {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    public init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Connections wait in its backlog until they are accepted.
    public static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, kind, 0)
        var address = address("127.0.0.1", 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) != 0 || Glibc.listen(descriptor, 256) != 0
                    || getsockname(descriptor, address, &length) != 0
            }
        }
        guard !failed else { throw Failure(description: "no loopback port to listen on, errno \(errno)") }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// A port that was free a moment ago.
    public static func freePort() throws -> Int {
        let (descriptor, port) = try listen()
        Glibc.close(descriptor)
        return Int(port)
    }

    /// Connects to a port of this machine, and returns the descriptor.
    ///
    /// - Parameter client: a loopback address of its own makes it another client; nil: the usual one.
    public static func connect(to port: Int, from client: String? = nil) throws -> Int32 {
        let descriptor = socket(AF_INET, kind, 0)
        let isBound = client.map { call(address($0, 0)) { bind(descriptor, $0, $1) } } ?? true
        guard isBound, call(address("127.0.0.1", UInt16(port)), { Glibc.connect(descriptor, $0, $1) }) else {
            let failure = Failure(description: "no connection to port \(port), errno \(errno)")
            Glibc.close(descriptor)
            throw failure
        }
        return descriptor
    }

    private static let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

    private static func address(_ host: String, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return address
    }

    private static func call(_ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }

    /// Nil when the other side has closed.
    func nextRequest(connection: Int) -> ScriptedServer.Request? {
        guard let headEnd = fill(until: { Self.headEnd(in: $0) }) else { return nil }
        let lines = String(decoding: buffer[..<headEnd], as: UTF8.self).components(separatedBy: "\r\n")
        let start = lines[0].split(separator: " ").map(String.init)
        guard start.count == 3 else { return nil }
        let headers = lines.dropFirst().filter { !$0.isEmpty }.map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let bodyCount = headers.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
        guard let end = fill(until: { $0.count >= headEnd + bodyCount ? headEnd + bodyCount : nil }) else { return nil }
        let body = Array(buffer[headEnd..<end])
        buffer.removeFirst(end)
        return ScriptedServer.Request(method: start[0], target: start[1], headers: headers, body: body, connection: connection)
    }

    /// False when the other side has gone.
    @discardableResult public func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    public func resetOnClose() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    public func close() { Glibc.close(descriptor) }

    /// All that comes until the other side closes. Blocks the calling thread.
    public func rest() -> [UInt8] {
        _ = fill(until: { _ in nil })
        return buffer
    }

    private func fill(until isComplete: ([UInt8]) -> Int?) -> Int? {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            if let end = isComplete(buffer) { return end }
            let count = recv(descriptor, &piece, piece.count, 0)
            guard count > 0 else { return nil }
            buffer.append(contentsOf: piece[..<count])
        }
    }

    private static func headEnd(in bytes: [UInt8]) -> Int? {
        bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }
}
