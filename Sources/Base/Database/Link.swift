import CLibpq
import Foundation
import Synchronization

/// A PGconn with its cancel handle: the thinnest cover of libpq.
///
/// `@unchecked Sendable`: all members but `cancel()` and the flags are used on the owning connection's thread only; `cancel()` uses the PGcancel,
/// which libpq allows from any thread, under `handle`'s lock.
final class Link: @unchecked Sendable {
    private(set) var pointer: OpaquePointer?
    private let handle = Mutex<UInt>(0)
    /// Set when a cancellation was sent: it may arrive late and hit the next statement, so the connection is not used again.
    let cancelled = Atomic<Bool>(false)
    /// Whether a call that may be cancelled is under way.
    let isBusy = Atomic<Bool>(false)

    /// Tries to send a cancellation, and the pause between two, in microseconds.
    private static let cancelTriesMax = 5
    private static let cancelPause_us: UInt32 = 20_000
    private static let cancelPauseMax_us: UInt32 = 1_000_000

    deinit { close() }

    func connect(_ conninfo: String, applicationName: String) throws {
        let keys = ["dbname", "fallback_application_name", "client_encoding", "connect_timeout"]
        let values = [conninfo, applicationName, "UTF8", "10"]
        // expand_dbname = 1: dbname may hold a whole connection string or URL (libpq, PQconnectdbParams).
        let fresh = keys.withCStrings { keys in values.withCStrings { PQconnectdbParams(keys, $0, 1) } }
        pointer = fresh
        guard let fresh, PQstatus(fresh) == CONNECTION_OK else {
            let error = connectFailure()
            close()
            throw error
        }
        PQsetNoticeProcessor(fresh, { _, _ in }, nil)
        handle.withLock { $0 = UInt(bitPattern: PQgetCancel(fresh)) }
    }

    func close() {
        handle.withLock { handle in
            if let cancel = OpaquePointer(bitPattern: handle) { PQfreeCancel(cancel) }
            handle = 0
        }
        if let pointer { PQfinish(pointer) }
        pointer = nil
    }

    /// Ends the call that is under way.
    ///
    /// The server forgets a cancellation that finds it between two messages of a statement (its preparation and its execution): it is sent
    /// again until the call has ended.
    func cancel() {
        cancelled.store(true, ordering: .sequentiallyConsistent)
        sendCancellation()
        guard isBusy.load(ordering: .sequentiallyConsistent) else { return }
        Thread.detachNewThread { [self] in
            var pause_us = Link.cancelPause_us
            while true {
                usleep(pause_us)
                guard isBusy.load(ordering: .sequentiallyConsistent) else { return }
                sendCancellation()
                pause_us = min(2 * pause_us, Link.cancelPauseMax_us)
            }
        }
    }

    private func sendCancellation() {
        handle.withLock { handle in
            guard let cancel = OpaquePointer(bitPattern: handle) else { return }
            var message = [CChar](repeating: 0, count: 256)
            // The request goes over a connection of its own, which a busy server may refuse for a moment.
            for _ in 0..<Link.cancelTriesMax {
                if PQcancel(cancel, &message, Int32(message.count)) == 1 { return }
                usleep(Link.cancelPause_us)
            }
        }
    }

    /// Takes over a result and throws when it is an error.
    func check(_ pointer: OpaquePointer?, expecting: ExecStatusType? = nil) throws -> QueryResult {
        guard let pointer else { throw failure() }
        let result = QueryResult(pointer)
        let status = PQresultStatus(pointer)
        if status == expecting { return result }
        switch status {
        case PGRES_COMMAND_OK where expecting != nil, PGRES_TUPLES_OK where expecting != nil:
            throw DatabaseError(.statement, "a statement is no COPY of the kind that was meant")
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return result
        default: throw error(of: pointer)
        }
    }

    /// The error of a broken connection.
    func failure() -> DatabaseError {
        DatabaseError(.unreachable, "the connection to the server was lost")
    }

    private func error(of result: OpaquePointer) -> DatabaseError {
        func field(_ code: Int) -> String? { PQresultErrorField(result, Int32(code)).map { String(cString: $0) } }
        // PG_DIAG_SQLSTATE, PG_DIAG_MESSAGE_PRIMARY and PG_DIAG_CONSTRAINT_NAME (postgres_ext.h): character macros, not imported.
        let state = field(Int(UInt8(ascii: "C")))
        guard let state else {
            return PQstatus(pointer) == CONNECTION_OK ? DatabaseError(.statement, "a statement was refused") : failure()
        }
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

extension [String] {
    /// Lends the strings as a nil-ended array of C strings.
    func withCStrings<Answer>(_ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Answer) -> Answer {
        let copies = map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) } + [nil]
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
