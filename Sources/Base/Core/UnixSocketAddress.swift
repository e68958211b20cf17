import Glibc

/// The address of a Unix socket, as the system calls take it.
public struct UnixSocketAddress: Sendable {
    private var address = sockaddr_un()
    private let length: socklen_t

    /// Nil: the path is empty or too long, of more than 107 bytes.
    ///
    /// - Parameter allowsAbstract: a leading `@` stands for the zero byte of an abstract name (unix(7)), which ends where the length says.
    public init?(_ path: String, allowsAbstract: Bool = false) {
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        if allowsAbstract, path.hasPrefix("@") { bytes[0] = 0 } else { bytes.append(0) }
        guard bytes.count > 1, bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        length = socklen_t(offset + bytes.count)
    }

    public func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
