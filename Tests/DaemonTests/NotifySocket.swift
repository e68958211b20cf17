import Foundation
import Testing

/// The service manager's end of sd_notify(3): a datagram socket that keeps what it hears.
final class NotifySocket {
    /// What goes into `NOTIFY_SOCKET`; a leading `@` stands for an abstract name.
    let name: String
    private let descriptor: Int32
    private(set) var heard: [String] = []

    init(name: String) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(name.utf8)
        if name.hasPrefix("@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let descriptor = self.descriptor
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    /// Takes what has arrived; answers whether a message with this beginning was ever among it.
    func hears(_ beginning: String) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            heard.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
        return heard.contains { $0.hasPrefix(beginning) }
    }

    func count(_ message: String) -> Int { heard.count { $0 == message } }
}
