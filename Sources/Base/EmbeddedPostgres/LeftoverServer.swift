import Database
import Foundation

/// A server that an earlier daemon left running on a data directory. Its processes are found through the kernel, not through a number in a
/// file: every PostgreSQL process has its data directory as working directory (`/proc/PID/cwd`).
struct LeftoverServer {
    let dataDirectory: String

    private static let fastStopSeconds = 20
    private static let immediateStopSeconds = 10

    /// Stops the processes, first by a fast shutdown, then by an immediate one (the next start then recovers), and removes a
    /// `postmaster.pid` that names a process of another program. The caller holds the cluster's lock.
    ///
    /// - Returns: the processes that were stopped.
    /// - Throws: `DatabaseError(.embedded)` when they don't stop.
    func clear() async throws -> [pid_t] {
        let found = processes()
        if !found.isEmpty, try await !stop(SIGINT, within: Self.fastStopSeconds) {
            guard try await stop(SIGQUIT, within: Self.immediateStopSeconds) else {
                throw DatabaseError(
                    .embedded, "processes \(processes().sorted()) of an earlier run hold \(dataDirectory) and don't stop: end them")
            }
        }
        // No server runs here any more. A number that now belongs to another program would make the new server refuse to start.
        if let named = postmaster(), kill(named, 0) == 0 || errno == EPERM { unlink(pidFile) }
        return found.sorted()
    }

    /// The processes named `postgres` whose working directory is the data directory.
    func processes() -> Set<pid_t> {
        guard let home = ClusterFiles.status(dataDirectory) else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return Set(names.compactMap { pid_t($0) }.filter { works($0, in: home) })
    }

    /// By the working directory; where the kernel hides that (from a container's root without SYS_PTRACE), by the argument of `-D`.
    private func works(_ pid: pid_t, in home: stat) -> Bool {
        if let folder = ClusterFiles.status("/proc/\(pid)/cwd") {
            guard folder.st_dev == home.st_dev, folder.st_ino == home.st_ino else { return false }
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
            return program.map { URL(filePath: $0).lastPathComponent.hasPrefix("postgres") } ?? false
        }
        let arguments = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")?.split(separator: 0) ?? []
        let words = arguments.map { String(decoding: $0, as: UTF8.self) }
        return words.first.map { URL(filePath: $0).lastPathComponent == "postgres" } == true && words.contains(dataDirectory)
    }

    /// Signals the postmaster, or every process when there is no postmaster any more, and waits until all have ended.
    private func stop(_ signal: Int32, within seconds: Int) async throws -> Bool {
        let running = processes()
        let targets = postmaster().map { running.contains($0) ? [$0] : running } ?? running
        for pid in targets { kill(pid, signal) }
        for _ in 0..<(seconds * 50) {
            if processes().isEmpty { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return processes().isEmpty
    }

    private var pidFile: String { "\(dataDirectory)/postmaster.pid" }

    /// The first line of postmaster.pid; nil when it is negative, as a standalone backend writes it.
    private func postmaster() -> pid_t? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8) else { return nil }
        let first = text.split(separator: "\n").first.flatMap { pid_t($0.trimmingCharacters(in: .whitespaces)) }
        return first.flatMap { $0 > 1 ? $0 : nil }
    }
}
