import CSpawn
import Database
import Dispatch
import Foundation
import Synchronization

/// A program started from a thread of its own, which lives as long as the program runs.
///
/// `setpriv --pdeathsig` is bound to the thread that forked (prctl(2): the "parent" is that thread). So this thread reads the program's
/// output until its end and then waits for the program; a `kill -9` of this process ends the thread, and the kernel interrupts the program.
final class ServerProcess: Sendable {
    private struct State {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    let pid: pid_t
    private let state = Mutex(State())

    private init(pid: pid_t) { self.pid = pid }

    /// Starts a program that inherits none of our environment, descriptors, signal settings or session.
    ///
    /// - Parameters:
    ///   - arguments: first the program's absolute path.
    ///   - output: called on the program's thread with each piece of its output.
    /// - Throws: `DatabaseError(.embedded)` when it can't be started.
    static func start(
        _ arguments: [String], output: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws -> ServerProcess {
        try await start(ProcessSpawn(arguments: arguments), messages: output).process
    }

    /// Starts a program whose standard output is data and not messages.
    ///
    /// - Parameter messages: called with each piece of its standard error.
    /// - Returns: the program, and the end of the pipe with its standard output, which is the caller's to close.
    static func piped(
        _ arguments: [String], messages: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws -> (process: ServerProcess, data: Int32) {
        let started = try await start(ProcessSpawn(arguments: arguments, isDataApart: true), messages: messages)
        return (started.process, started.data)
    }

    private static func start(
        _ spawn: ProcessSpawn, messages: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws -> (process: ServerProcess, data: Int32) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                do {
                    let child = try spawn.run()
                    let process = ServerProcess(pid: child.pid)
                    continuation.resume(returning: (process, child.data))
                    process.follow(child.messages, into: messages)
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// Runs a program to its end. Keeps the first 64 KiB of its output.
    ///
    /// - Parameter input: an open file as its standard input; nil: empty.
    static func run(_ arguments: [String], input: Int32? = nil) async throws -> (status: Int32, output: String) {
        let kept = Mutex<[UInt8]>([])
        let (process, _) = try await start(ProcessSpawn(arguments: arguments, input: input)) { chunk in
            kept.withLock { bytes in bytes.append(contentsOf: chunk.prefix(max(0, 65_536 - bytes.count))) }
        }
        let status = await process.waitForExit()
        return (status, kept.withLock { String(decoding: $0, as: UTF8.self) })
    }

    var hasExited: Bool { state.withLock { $0.status != nil } }

    /// Sends `signal`, but not when the program has ended: its number may belong to another process by now.
    func send(_ signal: Int32) {
        state.withLock { if $0.status == nil { _ = kill(pid, signal) } }
    }

    /// Continues the program and its children if they were stopped (SIGSTOP): a stopped process reacts to SIGKILL only.
    func resume() {
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

    /// Whether it ended within this time. The wait can't be cancelled: a stop must be completed.
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

    /// Waits without reaping first: until the status is recorded under the lock, the number stays ours and `send` is safe.
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

/// One posix_spawn(3): a clean environment, `/` as working directory, no input unless one is given, both outputs into one pipe or into two, a
/// session of its own.
private struct ProcessSpawn {
    let arguments: [String]
    var input: Int32?
    var isDataApart = false

    /// `LC_ALL=C`, so that messages in reports are in English. Our own environment may hold secrets and is not passed on.
    private static let environment = ["LC_ALL=C", "TZ=UTC", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
    /// POSIX_SPAWN_SETSID (spawn.h). In a session of its own the server gets no Ctrl-C from the terminal before we stop it.
    private static let newSession: Int32 = 0x80

    /// - Returns: the pipe of its messages, and that of its data; -1: both are in the first.
    func run() throws -> (pid: pid_t, messages: Int32, data: Int32) {
        let messages = try makePipe()
        defer { close(messages.write) }
        let data: (read: Int32, write: Int32)
        do { data = isDataApart ? try makePipe() : (-1, -1) } catch {
            close(messages.read)
            throw error
        }
        defer { if isDataApart { close(data.write) } }
        var pid: pid_t = 0
        let result = withActions(data: isDataApart ? data.write : messages.write, messages: messages.write) { actions in
            withAttributes { attributes in
                Self.withCStrings(arguments) { argv in
                    Self.withCStrings(Self.environment) { envp in
                        posix_spawn(&pid, arguments[0], actions, attributes, argv, envp)
                    }
                }
            }
        }
        guard result == 0 else {
            close(messages.read)
            if isDataApart { close(data.read) }
            throw failure(result)
        }
        return (pid, messages.read, data.read)
    }

    private func makePipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else { throw failure(errno) }
        return (ends[0], ends[1])
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(.embedded, "can't start \(arguments[0]): \(String(cString: strerror(code)))")
    }

    private func withActions<R>(data: Int32, messages: Int32, _ body: (UnsafePointer<posix_spawn_file_actions_t>) -> R) -> R {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addchdir_np(&actions, "/")
        if let input {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        posix_spawn_file_actions_adddup2(&actions, data, 1)
        posix_spawn_file_actions_adddup2(&actions, messages, 2)
        posix_spawn_file_actions_addclosefrom_np(&actions, 3)
        return body(&actions)
    }

    /// Services ignore or block signals in order to handle them elsewhere; a server that inherited that could not be stopped.
    private func withAttributes<R>(_ body: (UnsafePointer<posix_spawnattr_t>) -> R) -> R {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK) | Self.newSession))
        return body(&attributes)
    }

    private static func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return body(copies)
    }
}
