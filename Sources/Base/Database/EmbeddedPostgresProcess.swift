import Dispatch
import Foundation
import Synchronization

/// A program started from a thread of its own that stays as long as the program runs.
///
/// `setpriv --pdeathsig` is bound to the thread that forked (prctl(2): the "parent" is that thread), so the thread reads the program's
/// output until its end and then waits for it; a `kill -9` of this process ends the thread, and the kernel interrupts the program.
final class EmbeddedPostgresProcess: Sendable {
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    let pid: pid_t
    private let state = Mutex(State())

    private init(pid: pid_t) { self.pid = pid }

    /// Starts `arguments` with nothing of our environment, descriptors, signal settings or session.
    static func start(
        _ arguments: [String], output: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws -> EmbeddedPostgresProcess {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let child = try EmbeddedPostgresSpawn(arguments: arguments).run()
                    let process = EmbeddedPostgresProcess(pid: child.pid)
                    continuation.resume(returning: process)
                    process.follow(child.output, into: output)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Runs a program to its end. Keeps the first 64 KiB of what it wrote.
    static func run(_ arguments: [String]) async throws -> (status: Int32, output: String) {
        let kept = Mutex<[UInt8]>([])
        let process = try await start(arguments) { chunk in
            kept.withLock { bytes in bytes.append(contentsOf: chunk.prefix(max(0, 65_536 - bytes.count))) }
        }
        let status = await process.waitForExit()
        return (status, kept.withLock { String(decoding: $0, as: UTF8.self) })
    }

    var hasExited: Bool { state.withLock { $0.status != nil } }

    /// Sends `signal`; does nothing when the program has ended, so that no other process with its number is hit.
    func send(_ signal: Int32) {
        state.withLock { if $0.status == nil { _ = kill(pid, signal) } }
    }

    /// Lets the program and its children go on that somebody has stopped (SIGSTOP): a process that is stopped obeys nothing but SIGKILL.
    func wake() {
        let children = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        state.withLock { state in
            guard state.status == nil else { return }
            for process in [pid] + children.split(separator: " ").compactMap({ pid_t($0) }) { kill(process, SIGCONT) }
        }
    }

    /// The exit status, or 128 + the signal that ended it.
    func waitForExit() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status = state.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }

    /// Whether it ended within so many seconds. The wait itself can't be cancelled: a stop must be seen through.
    func waitForExit(within seconds: Double) async -> Bool {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !hasExited, ContinuousClock.now < deadline {
            await withCheckedContinuation { continuation in
                DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(5)) { continuation.resume() }
            }
        }
        return hasExited
    }

    private func follow(_ output: Int32, into sink: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { buffer in
            while true {
                let count = read(output, buffer.baseAddress, buffer.count)
                if count > 0 { sink(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
        }
        close(output)
        reap()
    }

    /// Waits without reaping first: until the lock is held and the status noted, the number stays ours and `send` is safe.
    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        let (status, waiters) = state.withLock { state in
            var raw: Int32 = 0
            while waitpid(pid, &raw, 0) < 0 && errno == EINTR {}
            let status = raw & 0x7f == 0 ? (raw >> 8) & 0xff : 128 + (raw & 0x7f)
            state.status = status
            defer { state.waiters = [] }
            return (status, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }
}
