import Foundation

/// Asks over a Unix socket and reads nothing of the answer.
final class IdleReader: Sendable {
    private let descriptor: Int32

    init(_ request: String, at path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard RawRequest.connect(descriptor, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = Array(request.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    var hasAnswer: Bool { events & Int16(POLLIN) != 0 }
    var isHungUpOn: Bool { events & Int16(POLLHUP) != 0 }

    func close() { Glibc.close(descriptor) }

    private var events: Int16 {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, 0)
        return descriptor.revents
    }
}
