import CLibpq
import Foundation
import Synchronization

/// A PGconn, and the operations on it that are allowed from other threads: a thin wrapper of libpq.
///
/// No call lasts for ever: the server ends a call that is cancelled or takes longer than its limit, and when the server does not respond,
/// the socket is shut down.
///
/// `@unchecked Sendable`: `pointer` is used on the owning connection's thread only; other threads touch `remote` and the atomics.
final class Link: @unchecked Sendable {
    /// Why a call is ended early.
    private enum Ending: Int, AtomicRepresentable { case none, cancelled, tooLong }

    /// The parts that other threads use.
    private struct Remote {
        var socket: Int32 = -1
        var handle: CancelHandle?
    }

    /// The longest time for a new connection, from name lookup to authentication.
    static let connectMax: Duration = .seconds(10)
    /// The longest time for the server to respond to a cancellation. After that the connection counts as broken.
    private static let cancelMax: Duration = .seconds(2)
    /// How often a connection that is being made checks for cancellation.
    private static let connectWait_ms: Int32 = 50
    /// A peer that vanishes is noticed in about half a minute, not in the two hours of TCP's defaults. Values in the URL take precedence
    /// (libpq, "Parameter Key Words").
    private static let defaults = [
        ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
    ]

    private(set) var pointer: OpaquePointer?
    private let remote = Mutex(Remote())
    /// The number of the call in progress; 0: none.
    private let call = Atomic<UInt64>(0)
    private var calls: UInt64 = 0
    private let ending = Atomic<Ending>(.none)
    private let health: WriteHealth

    init(health: WriteHealth) { self.health = health }

    deinit { close() }

    /// A call was ended early: its cancellation may arrive late and hit the next statement, so the connection is not used again.
    var isTainted: Bool { ending.load(ordering: .sequentiallyConsistent) != .none }

    // MARK: Connecting and closing

    func connect(_ conninfo: String, applicationName: String) throws {
        let words = Self.defaults + [("dbname", conninfo), ("fallback_application_name", applicationName), ("client_encoding", "UTF8")]
        // expand_dbname = 1: dbname may hold a whole connection string or URL (libpq, PQconnectdbParams).
        let fresh = words.map(\.0).withCStrings { keys in words.map(\.1).withCStrings { PQconnectStartParams(keys, $0, 1) } }
        pointer = fresh
        do {
            guard let fresh, PQstatus(fresh) != CONNECTION_BAD else { throw connectFailure() }
            try finishConnecting(fresh)
            PQsetNoticeProcessor(fresh, { _, _ in }, nil)
            remote.withLock { $0 = Remote(socket: PQsocket(fresh), handle: CancelHandle(fresh)) }
        } catch {
            close()
            throw error
        }
    }

    /// Waits as PQconnectPoll asks at each step (libpq). The blocking call can't be cancelled, and is not bounded in every case.
    private func finishConnecting(_ fresh: OpaquePointer) throws {
        let deadline = ContinuousClock.now + Self.connectMax
        var step = PGRES_POLLING_WRITING
        while step != PGRES_POLLING_OK {
            if isTainted { throw DatabaseError(.cancelled, "connecting was cancelled") }
            guard ContinuousClock.now < deadline else {
                throw DatabaseError(.unreachable, "the server did not accept a connection within \(Int(Self.connectMax.seconds)) s")
            }
            let events = Int16(step == PGRES_POLLING_READING ? POLLIN : POLLOUT)
            var descriptor = pollfd(fd: PQsocket(fresh), events: events, revents: 0)
            guard poll(&descriptor, 1, Self.connectWait_ms) != 0 else { continue }
            step = PQconnectPoll(fresh)
            if step == PGRES_POLLING_FAILED { throw connectFailure() }
        }
    }

    func close() {
        remote.withLock { remote in
            // PQfinish sends a message, and would block on the socket of a server that has stopped reading.
            if isTainted, remote.socket >= 0 { shutdown(remote.socket, Int32(SHUT_RDWR)) }
            remote = Remote()
        }
        if let pointer { PQfinish(pointer) }
        pointer = nil
    }

    /// Alive, and without input as an idle connection must be: a server that has gone leaves an error message, or the end of the stream.
    var isIdleAndAlive: Bool {
        guard PQstatus(pointer) == CONNECTION_OK, PQtransactionStatus(pointer) == PQTRANS_IDLE else { return false }
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) == 0
    }

    var isBroken: Bool {
        PQstatus(pointer) != CONNECTION_OK || ending.load(ordering: .sequentiallyConsistent) == .tooLong
    }

    // MARK: Calls and their ends

    /// Begins a call; returns its number, by which it can be ended.
    func begin() -> UInt64 {
        calls += 1
        call.store(calls, ordering: .sequentiallyConsistent)
        return calls
    }

    func end() { call.store(0, ordering: .sequentiallyConsistent) }

    /// Ends call `number` if it is still in progress: asks the server to cancel it, and shuts the socket down after `cancelMax`.
    func cancel(_ number: UInt64) { cancel(number, as: .cancelled) }

    private func cancel(_ number: UInt64, as reason: Ending) {
        guard isInProgress(number) else { return }
        _ = ending.compareExchange(expected: .none, desired: reason, ordering: .sequentiallyConsistent)
        remote.withLock { $0.handle }?.send { [weak self] in self?.isInProgress(number) ?? false }
        cut(number, after: Self.cancelMax)
    }

    /// Ends call `number` after `limit`.
    func limit(_ number: UInt64, to limit: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + limit.seconds) { [weak self] in self?.cancel(number, as: .tooLong) }
    }

    /// Ends call `number`, which must not be cancelled (the end of a transaction), after `cancelMax`.
    func cut(_ number: UInt64) { cut(number, after: Self.cancelMax) }

    /// Ends the call in progress and all later ones: the socket is shut down, so that the call in libpq returns with an error.
    func cut() {
        _ = ending.compareExchange(expected: .none, desired: .cancelled, ordering: .sequentiallyConsistent)
        remote.withLock { if $0.socket >= 0 { _ = shutdown($0.socket, Int32(SHUT_RDWR)) } }
    }

    /// Asks the server to stop sending, when no call is in progress.
    func abandon() {
        _ = ending.compareExchange(expected: .none, desired: .cancelled, ordering: .sequentiallyConsistent)
        remote.withLock { $0.handle }?.send { false }
    }

    private func cut(_ number: UInt64, after pause: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + pause.seconds) { [weak self] in
            guard let self, isInProgress(number) else { return }
            cut()
        }
    }

    private func isInProgress(_ number: UInt64) -> Bool { call.load(ordering: .sequentiallyConsistent) == number }
}

extension [String] {
    /// Passes the strings to `body` as a null-terminated array of C strings.
    fileprivate func withCStrings<Answer>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Answer) -> Answer {
        let copies = map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

// MARK: Results and errors, on the connection's own thread

extension Link {
    /// Takes ownership of a result, and throws when it is an error.
    func check(_ pointer: OpaquePointer?, expecting: ExecStatusType? = nil) throws -> QueryResult {
        guard let pointer else { throw failure() }
        let result = QueryResult(pointer)
        let status = PQresultStatus(pointer)
        if status == expecting { return result }
        switch status {
        case PGRES_COMMAND_OK where expecting != nil, PGRES_TUPLES_OK where expecting != nil:
            throw DatabaseError(.statement, "a statement is no COPY in the expected direction")
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            if health.isDiskFull { health.succeeded(result.tag) }
            return result
        default: throw error(of: pointer)
        }
    }

    /// The error of a broken connection.
    func failure() -> DatabaseError {
        DatabaseError(.unreachable, "the connection to the server was lost")
    }

    /// The same error, or its reason when the call was ended early.
    func explained(_ error: any Error) -> any Error {
        guard let known = error as? DatabaseError, [.unreachable, .cancelled].contains(known.code) else { return error }
        switch ending.load(ordering: .sequentiallyConsistent) {
        case .none: return error
        case .cancelled: return DatabaseError(.cancelled, "the statement was cancelled", sqlState: known.sqlState)
        case .tooLong: return DatabaseError(.unreachable, "the server did not answer in time", sqlState: known.sqlState)
        }
    }

    private func error(of result: OpaquePointer) -> DatabaseError {
        func field(_ code: Int) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY and PG_DIAG_CONSTRAINT_NAME (postgres_ext.h): character macros, not imported.
        let state = field(Int(UInt8(ascii: "C")))
        guard let state else {
            return PQstatus(pointer) == CONNECTION_OK ? DatabaseError(.statement, "a statement was refused") : failure()
        }
        health.failed(state)
        let code = DatabaseError.code(forState: state)
        let mayQuoteValues = state.hasPrefix("22") || state.hasPrefix("23")
        let primary = field(Int(UInt8(ascii: "M"))) ?? ""
        let constraint = field(Int(UInt8(ascii: "n")))
        let message = mayQuoteValues ? (constraint.map { "constraint \($0)" } ?? "a value was refused") : primary
        return DatabaseError(code, message, sqlState: state, constraint: constraint)
    }

    /// The error of a connection that could not be made. libpq's text names host and user, never the password.
    private func connectFailure() -> DatabaseError {
        let text = pointer.map { String(cString: PQerrorMessage($0)) } ?? "libpq is out of memory"
        let line = text.split(separator: "\n").first.map(String.init) ?? "no reason given"
        let refused = [
            "password authentication failed", "no password supplied", "Peer authentication failed", "no pg_hba.conf entry",
            "pg_hba.conf rejects connection",
        ]
        let code: DatabaseError.Code = refused.contains { line.contains($0) } ? .authentication : .unreachable
        return DatabaseError(code, line)
    }
}

// MARK: COPY, on the connection's own thread

extension Link {
    /// A piece has at least this many bytes, and at most one row more.
    private static let pieceBytes = 64 << 10

    /// The next rows of a `COPY … TO STDOUT`; nil at its end. libpq holds one whole row in memory.
    func copyPiece() throws -> [UInt8]? {
        var piece: [UInt8] = []
        while piece.count < Self.pieceBytes {
            var row: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(pointer, &row, 0)
            defer { PQfreemem(row) }
            // -1: the end; -2: an error, which the result after the data describes (libpq, PQgetCopyData).
            guard count > 0, let row else { break }
            piece.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(count)))
        }
        return piece.isEmpty ? nil : piece
    }

    /// The result that follows the data, and the end of the statement.
    func endCopy() throws -> QueryResult {
        let end = PQgetResult(pointer)
        while let rest = PQgetResult(pointer) { PQclear(rest) }
        return try check(end)
    }
}

/// Cancels the statement of one connection from any thread (PostgreSQL documentation, "Canceling Queries in Progress").
///
/// `@unchecked Sendable`: libpq allows PQcancel from any thread and never changes a PGcancel.
private final class CancelHandle: @unchecked Sendable {
    /// A server that doesn't respond blocks the thread of each cancellation sent to it. Beyond this many threads none is sent, since the
    /// connection is cut a moment later anyway.
    private static let sendersMax = 16
    private static let senders = Atomic<Int>(0)
    /// Pauses between two cancellations of one statement, in microseconds.
    private static let pauseMin_us: UInt32 = 20_000
    private static let pauseMax_us: UInt32 = 1_000_000

    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit { PQfreeCancel(pointer) }

    /// Asks the server to cancel, and returns at once: PQcancel blocks without a time limit, so it runs on a thread of its own.
    ///
    /// The server ignores a cancellation that arrives between two messages of a statement (its preparation and its execution), and may
    /// refuse the connection that carries the request. So the request is repeated while `isWanted`.
    func send(while isWanted: @escaping @Sendable () -> Bool) {
        guard Self.senders.add(1, ordering: .relaxed).newValue <= Self.sendersMax else {
            Self.senders.subtract(1, ordering: .relaxed)
            return
        }
        Thread.detachNewThread { [self] in
            var message = [CChar](repeating: 0, count: 256)
            var pause_us = Self.pauseMin_us
            repeat {
                PQcancel(pointer, &message, Int32(message.count))
                usleep(pause_us)
                pause_us = min(2 * pause_us, Self.pauseMax_us)
            } while isWanted()
            Self.senders.subtract(1, ordering: .relaxed)
        }
    }
}
