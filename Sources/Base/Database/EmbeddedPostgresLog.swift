import Foundation
import Synchronization

/// The server's own log: `server.log` beside the data, at most two files of 1 MiB. Keeps the last lines for error messages, and counts
/// those that say that a file of the server's own is missing or unusable.
final class EmbeddedPostgresLog: Sendable {
    private struct State {
        var descriptor: Int32
        var size_bytes: Int
        var tail: [UInt8] = []
        var fileTroubles = 0
    }

    /// SQLSTATEs, as `log_line_prefix` writes them: undefined and duplicate file, internal error (PostgreSQL documentation, Appendix A).
    /// A server whose programs were replaced under it loads libraries that don't fit, and says one of these.
    private static let fileTroubleMarks = [" 58P01 ", " 58P02 ", " XX000 "]

    private static let fileBytesMax = 1 << 20
    private static let tailBytesMax = 2_048

    private let path: String
    private let state: Mutex<State>

    init(path: String) {
        self.path = path
        let descriptor = Self.open(path)
        state = Mutex(State(descriptor: descriptor, size_bytes: max(0, Int(lseek(descriptor, 0, SEEK_END)))))
    }

    deinit { state.withLock { _ = close($0.descriptor) } }

    /// A full disk or a lost folder must not stop the database: what can't be written is left out.
    func append(_ chunk: UnsafeRawBufferPointer) {
        let text = String(decoding: chunk, as: UTF8.self)
        let isTrouble = Self.fileTroubleMarks.contains { text.contains($0) }
        state.withLock { state in
            if isTrouble { state.fileTroubles += 1 }
            state.tail = Array((state.tail + chunk).suffix(Self.tailBytesMax))
            if state.size_bytes + chunk.count > Self.fileBytesMax { rotate(&state) }
            state.size_bytes += max(0, write(state.descriptor, chunk.baseAddress, chunk.count))
        }
    }

    /// How often the server said so since it was first started.
    var fileTroubles: Int { state.withLock { $0.fileTroubles } }

    /// The last three lines, joined for a one-line error.
    var lastLines: String {
        let text = state.withLock { String(decoding: $0.tail, as: UTF8.self) }
        return text.split(separator: "\n").suffix(3).joined(separator: " | ")
    }

    private func rotate(_ state: inout State) {
        close(state.descriptor)
        rename(path, path + ".1")
        state.descriptor = Self.open(path)
        state.size_bytes = 0
    }

    private static func open(_ path: String) -> Int32 {
        Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }
}
