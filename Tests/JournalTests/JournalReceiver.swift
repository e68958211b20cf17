import Foundation
import Testing

/// The journal's end of its protocol: a datagram socket that reads entries as systemd documents them, from the datagram or from sealed memory.
final class JournalReceiver {
    struct Entry {
        let fields: [String: [String]]
        let wasFile: Bool

        subscript(name: String) -> String? { fields[name]?.count == 1 ? fields[name]?[0] : nil }
    }

    private let descriptor: Int32
    private let path: String

    init(path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = self.descriptor
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    /// Waits for the next entry.
    func next() throws -> Entry {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var control = [UInt8](repeating: 0, count: 64)
        let (count, controlCount) = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var piece = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &piece) { piece in
                    var message = msghdr()
                    message.msg_iov = piece
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return (recvmsg(descriptor, &message, 0), Int(message.msg_controllen))
                }
            }
        }
        try #require(count >= 0, "an entry arrives")
        guard count == 0, controlCount > 16 else { return Entry(fields: try Self.fields(bytes[..<count]), wasFile: false) }
        let file = control[16..<20].reversed().reduce(Int32(0)) { $0 << 8 | Int32($1) }
        defer { close(file) }
        // F_GET_SEALS: no further seals, no shrinking, no growing, no writing.
        #expect(fcntl(file, 1034) == 15, "the journal refuses memory that may change")
        return Entry(fields: try Self.fields(Self.content(of: file)[...]), wasFile: true)
    }

    private static func content(of file: Int32) throws -> [UInt8] {
        var status = stat()
        try #require(fstat(file, &status) == 0)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        try #require(pread(file, &bytes, bytes.count, 0) == bytes.count)
        return bytes
    }

    private static func fields(_ bytes: ArraySlice<UInt8>) throws -> [String: [String]] {
        var fields: [String: [String]] = [:]
        var rest = bytes
        while !rest.isEmpty {
            let end = try #require(rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "=") })
            let name = String(decoding: rest[..<end], as: UTF8.self)
            let value: ArraySlice<UInt8>
            if rest[end] == UInt8(ascii: "=") {
                let lineEnd = try #require(rest[end...].firstIndex(of: UInt8(ascii: "\n")))
                value = rest[(end + 1)..<lineEnd]
                rest = rest[(lineEnd + 1)...]
            } else {
                let length = rest[(end + 1)..<(end + 9)].reversed().reduce(0) { $0 << 8 | Int($1) }
                value = rest[(end + 9)..<(end + 9 + length)]
                try #require(rest[end + 9 + length] == UInt8(ascii: "\n"))
                rest = rest[(end + 10 + length)...]
            }
            fields[name, default: []].append(String(decoding: value, as: UTF8.self))
        }
        return fields
    }
}
