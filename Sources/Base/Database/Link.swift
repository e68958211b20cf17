import CLibpq
import Foundation
import Synchronization

/// A PGconn and what other threads may do to it: the thinnest cover of libpq.
///
/// No call lasts for ever: one that is cancelled, or takes longer than its limit, is ended by the server, and when the server does not
/// answer, by shutting the socket down under it.
///
/// `@unchecked Sendable`: `pointer` is used on the owning connection's thread only; other threads touch `remote` and the atomics.
final class Link: @unchecked Sendable {
    /// Why a call is being ended before its time.
    enum Ending: Int, AtomicRepresentable { case none, cancelled, tooLong }

    /// What other threads use: the socket, and the handle for cancellations.
    private struct Remote {
        var socket: Int32 = -1
        var handle: CancelHandle?
    }

    /// Time for a new connection, all its steps together.
    static let connectMax: Duration = .seconds(10)
    /// How long a server has to obey a cancellation. After that its silence counts as a broken connection.
    static let cancelMax: Duration = .seconds(2)
    /// How often a connection that is being made looks whether it is still wanted.
    private static let connectWait_ms: Int32 = 50
    /// A peer that is gone without a word is noticed in about half a minute, not in the two hours of TCP's defaults. A URL that sets these
    /// keys (libpq, "Parameter Key Words") wins.
    private static let defaults = [
        ("keepalives_idle", "15"), ("keepalives_interval", "5"), ("keepalives_count", "3"), ("tcp_user_timeout", "30000"),
    ]

    private(set) var pointer: OpaquePointer?
    private let remote = Mutex(Remote())
    /// The number of the call under way; 0: none.
    private let call = Atomic<UInt64>(0)
    private var calls: UInt64 = 0
    private let ending = Atomic<Ending>(.none)
    private let health: WriteHealth

    init(health: WriteHealth) { self.health = health }

    deinit { close() }

    /// A call was ended early: its cancellation may arrive late and hit the next statement, so the connection is not used again.
    var isTainted: Bool { ending.load(ordering: .sequentiallyConsistent) != .none }

    // MARK: Life

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

    /// libpq, "PQconnectPoll": waits as each step asks. The blocking call could be neither cancelled nor bounded on all its ways.
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
            // PQfinish says goodbye and would wait for room in the socket of a server that reads no more.
            if isTainted, remote.socket >= 0 { shutdown(remote.socket, Int32(SHUT_RDWR)) }
            remote = Remote()
        }
        if let pointer { PQfinish(pointer) }
        pointer = nil
    }

    /// Alive, and silent as an idle connection has to be: a server that went away has left its reason, or its end, in the socket.
    var isIdleAndAlive: Bool {
        guard PQstatus(pointer) == CONNECTION_OK, PQtransactionStatus(pointer) == PQTRANS_IDLE else { return false }
        var descriptor = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) == 0
    }

    var isBroken: Bool {
        PQstatus(pointer) != CONNECTION_OK || ending.load(ordering: .sequentiallyConsistent) == .tooLong
    }

    // MARK: Calls and their ends

    /// Begins a call; answers its number, for those who may have to end it.
    func begin() -> UInt64 {
        calls += 1
        call.store(calls, ordering: .sequentiallyConsistent)
        return calls
    }

    func end() { call.store(0, ordering: .sequentiallyConsistent) }

    /// Ends call `number`, if it is still under way: the server is told, and has `cancelMax` to obey.
    func cancel(_ number: UInt64, as reason: Ending = .cancelled) {
        guard isUnderWay(number) else { return }
        _ = ending.compareExchange(expected: .none, desired: reason, ordering: .sequentiallyConsistent)
        remote.withLock { $0.handle }?.send { [weak self] in self?.isUnderWay(number) ?? false }
        cut(number, after: Self.cancelMax)
    }

    /// Ends call `number` after `limit`.
    func limit(_ number: UInt64, to limit: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + limit.seconds) { [weak self] in self?.cancel(number, as: .tooLong) }
    }

    /// Gives a call that must not be cancelled (the end of a transaction) a little time instead.
    func hurry(_ number: UInt64) { cut(number, after: Self.cancelMax) }

    /// Ends whatever is under way, now and from now on. The socket is shut down, so that the call in libpq returns with an error.
    func cut() {
        _ = ending.compareExchange(expected: .none, desired: .cancelled, ordering: .sequentiallyConsistent)
        remote.withLock { if $0.socket >= 0 { _ = shutdown($0.socket, Int32(SHUT_RDWR)) } }
    }

    /// Tells the server to stop sending, when no call is under way.
    func abandon() {
        _ = ending.compareExchange(expected: .none, desired: .cancelled, ordering: .sequentiallyConsistent)
        remote.withLock { $0.handle }?.send { false }
    }

    private func cut(_ number: UInt64, after pause: Duration) {
        DispatchQueue.global().asyncAfter(deadline: .now() + pause.seconds) { [weak self] in
            guard let self, isUnderWay(number) else { return }
            cut()
        }
    }

    private func isUnderWay(_ number: UInt64) -> Bool { call.load(ordering: .sequentiallyConsistent) == number }
}

extension [String] {
    /// Lends the strings as a nil-ended array of C strings.
    func withCStrings<Answer>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Answer) -> Answer {
        let copies = map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

// MARK: Results and errors, on the connection's own thread

extension Link {
    /// Takes over a result and throws when it is an error.
    func check(_ pointer: OpaquePointer?, expecting: ExecStatusType? = nil) throws -> QueryResult {
        guard let pointer else { throw failure() }
        let result = QueryResult(pointer)
        let status = PQresultStatus(pointer)
        if status == expecting { return result }
        switch status {
        case PGRES_COMMAND_OK where expecting != nil, PGRES_TUPLES_OK where expecting != nil:
            throw DatabaseError(.statement, "a statement is no COPY of the kind that was meant")
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

    /// The same error, or what it means when the call was ended early.
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

    /// Why no connection could be made. libpq's text names host and user, never the password.
    private func connectFailure() -> DatabaseError {
        let text = pointer.map { String(cString: PQerrorMessage($0)) } ?? "libpq is out of memory"
        let line = text.split(separator: "\n").first.map(String.init) ?? "no reason given"
        let refused = [
            "password authentication failed", "no password supplied", "Peer authentication failed", "no pg_hba.conf entry",
        ]
        let code: DatabaseError.Code = refused.contains { line.contains($0) } ? .authentication : .unreachable
        return DatabaseError(code, line)
    }
}
