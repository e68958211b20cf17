import Core
import Synchronization

/// A failure of PostgreSQL or of the connection to it: a closed code, the SQLSTATE, the constraint's name and a message that is safe to
/// log.
///
/// The server's own message is kept only where it can't hold a row's values (SQLSTATE classes 22 and 23 may quote them).
public struct DatabaseError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// No connection could be made, or the connection broke.
        case unreachable
        /// No connection became free in time, or too many callers wait for one already.
        case busy
        /// The connection broke during COMMIT: the transaction may have taken effect or not.
        case commitUnknown
        /// The server refused the user or password.
        case authentication
        /// A constraint was violated; `constraint` names it.
        case constraint
        /// Deadlock or serialisation failure: the same transaction may succeed when it is repeated.
        case serialization
        /// The statement was cancelled because its task was.
        case cancelled
        /// The pool was closed.
        case closed
        /// A column did not have the type that the code expects.
        case decoding
        /// The server refused the statement: a bug, or a missing migration or privilege.
        case statement
        /// A migration can't be applied as it stands.
        case migration
        /// The private PostgreSQL could not be set up, started or stopped.
        case embedded
    }

    public let code: Code
    public let message: String
    public let sqlState: String?
    public let constraint: String?

    public init(_ code: Code, _ message: String, sqlState: String? = nil, constraint: String? = nil) {
        self.code = code
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
    }

    /// The server's disk is full (SQLSTATE disk_full).
    public var isDiskFull: Bool { sqlState == WriteHealth.diskFull }

    public var description: String {
        let state = sqlState.map { " (SQLSTATE \($0))" } ?? ""
        return "database \(code.rawValue): \(message)\(state)"
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .unreachable, .busy, .commitUnknown, .serialization: .retry
        case .authentication, .constraint, .cancelled, .closed, .decoding, .statement, .migration, .embedded: .never
        }
    }

    /// The code for a SQLSTATE (PostgreSQL documentation, Appendix A).
    static func code(forState state: String) -> Code {
        switch state.prefix(2) {
        case "08", "53": .unreachable
        case "23": .constraint
        case "28": .authentication
        case "40": .serialization
        case "57": state == "57014" ? .cancelled : .unreachable
        default: state == "55P03" ? .serialization : .statement
        }
    }
}

extension Error {
    /// Whether a task ended because it was cancelled, which is no failure.
    public var isCancellation: Bool { self is CancellationError || (self as? DatabaseError)?.code == .cancelled }
}

/// Whether the server's disk is full, judged by our own writes. One instance for all connections to a database.
final class WriteHealth: Sendable {
    /// SQLSTATE disk_full (PostgreSQL documentation, Appendix A).
    static let diskFull = "53100"

    private let full = Atomic<Bool>(false)

    var isDiskFull: Bool { full.load(ordering: .relaxed) }

    func failed(_ state: String) {
        if state == Self.diskFull { full.store(true, ordering: .relaxed) }
    }

    /// Added rows show that the disk has space again. An UPDATE does not: it may find space in its own page when no table can grow.
    func succeeded(_ tag: String) {
        if tag.hasPrefix("INSERT") || tag.hasPrefix("COPY"), !tag.hasSuffix(" 0") { recovered() }
    }

    func recovered() { full.store(false, ordering: .relaxed) }
}
