import Foundation

/// The few socket calls of a server on the loopback address, and just enough HTTP to know where a request ends.
public final class LoopbackSocket {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Connections wait in its backlog until they are accepted.
    public static func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
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
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func resetOnClose() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }

    func close() { Glibc.close(descriptor) }

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
