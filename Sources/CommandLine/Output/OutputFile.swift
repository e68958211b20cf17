import Foundation

/// Where an export goes: standard output, or a file that appears under its name only when it is whole.
struct OutputFile: Sendable {
    private let path: String?
    private let descriptor: Int32

    /// - Parameter name: a path, or - for standard output.
    init(_ name: String) throws {
        path = name == "-" ? nil : name
        descriptor = name == "-" ? STDOUT_FILENO : open(Self.unfinished(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("can't write \(name): \(String(cString: strerror(errno)))") }
    }

    func write(_ bytes: [UInt8]) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
            if count < 0 && errno != EINTR { throw refused(errno) }
            done += max(0, count)
        }
    }

    /// Gives the file its name.
    func finish() throws {
        guard let path else { return }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(Self.unfinished(path), path) == 0 else { throw refused(errno) }
    }

    /// Takes away what was written.
    func discard() {
        guard let path else { return }
        close(descriptor)
        unlink(Self.unfinished(path))
    }

    private static func unfinished(_ path: String) -> String { path + ".part" }

    private func refused(_ code: Int32) -> CommandFailure {
        CommandFailure("can't write \(path ?? "standard output"): \(String(cString: strerror(code)))")
    }
}
