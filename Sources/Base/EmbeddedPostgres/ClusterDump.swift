import Database
import Dispatch
import Foundation
import Synchronization

/// A `pg_dump` of a private cluster under way. Its output is read as fast as it is taken: nothing is stored on the way.
public final class ClusterDump: Sendable {
    private static let pieceBytes = 256 << 10
    /// Of what `pg_dump` reports, for an error.
    private static let messageBytesMax = 4_096
    /// A dump waits so long for a table that a migration has locked.
    private static let lockWaitMax_s = 60

    /// As the server prints it: "15.4 (Debian 15.4-1)".
    public let serverVersion: String
    private let process: ServerProcess
    private let data: Int32
    private let messages: Messages
    /// For reads, which block.
    private let queue = DispatchQueue(label: "fitnessd.dump")

    private final class Messages: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func append(_ piece: UnsafeRawBufferPointer) {
            bytes.withLock { $0.append(contentsOf: piece.prefix(max(0, ClusterDump.messageBytesMax - $0.count))) }
        }
    }

    private init(serverVersion: String, process: ServerProcess, data: Int32, messages: Messages) {
        self.serverVersion = serverVersion
        self.process = process
        self.data = data
        self.messages = messages
    }

    /// Whoever still runs then is told to end by the closed pipe.
    deinit { close(data) }

    static func begin(_ launcher: ServerLauncher, version: String) async throws -> ClusterDump {
        let messages = Messages()
        let command = launcher.client(
            "pg_dump", ["--format=custom", "--lock-wait-timeout=\(lockWaitMax_s)s", EmbeddedPostgres.databaseName])
        let (process, data) = try await ServerProcess.piped(command) { messages.append($0) }
        return ClusterDump(serverVersion: version, process: process, data: data, messages: messages)
    }

    /// The next bytes; nil at the end of a complete dump. One caller at a time.
    ///
    /// - Throws: `DatabaseError(.embedded)` when `pg_dump` failed: what was read is incomplete.
    public func next() async throws -> [UInt8]? {
        let piece = await withCheckedContinuation { continuation in queue.async { continuation.resume(returning: self.read()) } }
        if !piece.isEmpty { return piece }
        let status = await process.waitForExit()
        if status == 0 { return nil }
        throw DatabaseError(.embedded, "pg_dump failed (status \(status)): \(ServerLauncher.reason(in: messages.text))")
    }

    /// Ends it early.
    public func cancel() { process.send(SIGTERM) }

    private func read() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
            var got = -1
            repeat { got = Glibc.read(data, buffer.baseAddress, Self.pieceBytes) } while got < 0 && errno == EINTR
            count = max(0, got)
        }
    }
}

extension ServerLauncher {
    /// The command line of a client program of the server's own version, run by the server's account, which alone can reach the socket.
    fileprivate func client(_ program: String, _ arguments: [String]) -> [String] {
        let place = [
            "--host=\(layout.socketDirectory)", "--port=\(ClusterLayout.port)", "--username=\(EmbeddedPostgres.ownerName)", "--no-password",
        ]
        return account.command([installation.program(program)] + place + arguments)
    }

    /// The dump comes through standard input: its file need not be readable to the server's account.
    func restore(from file: Int32) async throws {
        let command = client(
            "pg_restore", ["--single-transaction", "--exit-on-error", "--dbname=\(EmbeddedPostgres.databaseName)"])
        let answer = try await ServerProcess.run(command, input: file)
        guard answer.status == 0 else {
            throw DatabaseError(
                .embedded, "pg_restore failed (status \(answer.status)), and nothing was restored: \(Self.reason(in: answer.output))")
        }
    }
}
