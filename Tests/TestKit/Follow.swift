import Foundation

/// Reads a pipe to its end on a thread of its own and hands over each piece as it comes, then nil.
///
/// Not `readabilityHandler`: its descriptor may be closed while libdispatch still watches it, which has crashed the tests.
public func follow(_ pipe: Pipe, _ sink: @escaping @Sendable (Data?) -> Void) {
    let descriptor = pipe.fileHandleForReading.fileDescriptor
    Thread.detachNewThread {
        withExtendedLifetime(pipe) {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while case let count = read(descriptor, &buffer, buffer.count), count > 0 || (count < 0 && errno == EINTR) {
                if count > 0 { sink(Data(buffer.prefix(count))) }
            }
            sink(nil)
        }
    }
}
