import Foundation

/// What exports and backups have in common: bytes to an open file, and the sentence for people when that fails.
enum FileOutput {
    /// Writes all bytes, however many calls that takes.
    static func write(_ bytes: [UInt8], to descriptor: Int32, named name: String) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
            if count < 0 && errno != EINTR { throw refused(name, errno) }
            done += max(0, count)
        }
    }

    static func refused(_ name: String, _ code: Int32) -> CommandFailure {
        CommandFailure("can't write \(name): \(String(cString: strerror(code)))")
    }
}
