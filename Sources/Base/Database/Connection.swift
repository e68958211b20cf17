import CLibpq
import Core
import Foundation
import Synchronization

/// One connection to PostgreSQL. Its calls run one at a time on a thread of its own; cancelling the waiting task cancels the statement.
public actor Connection {
    private nonisolated let thread: ConnectionThread
    private nonisolated let link: Link
    private let conninfo: String
    private let applicationName: String
    private let statementMax: Duration?
    private var statements = PreparedStatements()
    /// Actions to run after COMMIT; nil outside a transaction.
    private var afterCommit: [AfterCommit]?

    /// An action to run when a transaction has committed.
    public typealias AfterCommit = @Sendable () async -> Void

    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    /// - Parameter statementMax: a statement that takes longer is ended, and the connection with it; nil: no limit.
    init(_ conninfo: String, applicationName: String, statementMax: Duration? = nil, health: WriteHealth = WriteHealth()) {
        thread = ConnectionThread(name: "libpq")
        link = Link(health: health)
        self.conninfo = conninfo
        self.applicationName = applicationName
        self.statementMax = statementMax
    }

    /// Connects, and sets what must not depend on the server's settings: UTC, ISO dates, no notices, no JIT compilation.
    func open() async throws {
        try await cancellable(limit: .seconds(2 * Link.connectMax.seconds)) { try $0.connect() }
    }

    /// Runs one statement. It is prepared at its first use on this connection and found by its text later.
    @discardableResult
    public func query(_ sql: SQL) async throws -> Rows {
        try await cancellable { try $0.run(sql) }
    }

    /// Runs a script of several statements without parameters, as one implicit transaction.
    public func execute(_ script: String) async throws {
        try await cancellable { connection in
            _ = try connection.link.check(PQexec(connection.link.pointer, script))
        }
    }

    /// Runs several statements in one round trip (libpq's pipeline mode). The first error ends the batch and is thrown.
    public func pipeline(_ batch: [SQL]) async throws -> [Rows] {
        if batch.isEmpty { return [] }
        return try await cancellable { try $0.runPipeline(batch) }
    }

    /// What a role's password is set to, in its place (SCRAM-SHA-256, RFC 5803): the server never sees the password itself.
    public func scramSecret(_ password: Secret, of role: String) async throws -> String {
        try await cancellable { connection in
            guard let text = PQencryptPasswordConn(connection.link.pointer, password.reveal(), role, "scram-sha-256") else {
                throw DatabaseError(.statement, "a password can't be encrypted")
            }
            defer { PQfreemem(text) }
            return String(cString: text)
        }
    }

    // MARK: For `Database.copyOut`

    func beginCopyOut(_ statement: String) async throws {
        try await cancellable { connection in
            _ = try connection.link.check(PQexec(connection.link.pointer, statement), expecting: PGRES_COPY_OUT)
        }
    }

    func copyPiece() async throws -> [UInt8]? { try await cancellable { try $0.link.copyPiece() } }

    func endCopyOut() async throws -> Int { try await cancellable { try $0.link.endCopy().affected } }

    /// Cancels the COPY. The pool discards the connection.
    func abandon() { link.abandon() }

    // MARK: For the pool and for transactions

    /// Runs `action` when the transaction that is open on this connection has committed, but not when it fails; outside a transaction, at
    /// once. For effects that must follow the rows and never precede them, such as clearing a cache or waking a worker.
    public func afterCommit(_ action: @escaping AfterCommit) async {
        if afterCommit == nil { await action() } else { afterCommit?.append(action) }
    }

    func begin() async throws {
        try await uncancelled("BEGIN")
        afterCommit = []
    }

    /// Commits, and returns the actions to run now.
    ///
    /// - Throws: `DatabaseError(.commitUnknown)` when the connection broke before the server's answer came.
    func commit() async throws -> [AfterCommit] {
        let actions = afterCommit ?? []
        afterCommit = nil
        do {
            // COMMIT rolls back a transaction in which a statement has failed, without an error.
            guard try await uncancelled("COMMIT") == "COMMIT" else {
                throw DatabaseError(.statement, "the transaction was rolled back, because a statement in it had failed")
            }
        } catch let error as DatabaseError where PQstatus(link.pointer) != CONNECTION_OK {
            throw DatabaseError(
                .commitUnknown, "the connection broke during COMMIT: whether it took effect is unknown", sqlState: error.sqlState)
        }
        return actions
    }

    func rollBack() async throws {
        afterCommit = nil
        try await uncancelled("ROLLBACK")
    }

    /// Runs BEGIN, COMMIT or ROLLBACK even in a cancelled task, since the end of a transaction must not be cancelled; a cancelled task
    /// waits for `Link.cancelMax` at most. Returns the server's command tag, which says what it did.
    @discardableResult
    private func uncancelled(_ command: String) async throws -> String {
        let (link, call) = (link, link.begin())
        defer { link.end() }
        if let statementMax { link.limit(call, to: statementMax) }
        return try await withTaskCancellationHandler {
            do { return try link.check(PQexec(link.pointer, command)).tag } catch { throw link.explained(error) }
        } onCancel: {
            link.cut(call)
        }
    }

    /// The state of a connection that no caller uses, for the pool.
    enum Condition { case reusable, spent, broken }

    /// Reusable: alive, outside any transaction, and no cancellation may still arrive for it.
    func condition() -> Condition {
        if link.isBroken { return .broken }
        if link.isTainted { return .spent }
        return link.isIdleAndAlive ? .reusable : PQtransactionStatus(link.pointer) == PQTRANS_IDLE ? .broken : .spent
    }

    /// Ends the call in progress, from any thread: it returns at once, with an error.
    nonisolated func cut() { link.cut() }

    func close() { link.close() }

    /// The server's process id as announced when the connection was made.
    func announcedProcess() -> Int32 { PQbackendPID(link.pointer) }

    /// Waits until the server sends something or `timeout_ms` has passed; returns the payloads of notifications.
    func waitForNotifications(timeout_ms: Int32) throws -> [String] {
        var descriptor = pollfd(fd: PQsocket(link.pointer), events: Int16(POLLIN), revents: 0)
        _ = poll(&descriptor, 1, timeout_ms)
        guard PQconsumeInput(link.pointer) == 1 else { throw link.failure() }
        var payloads: [String] = []
        while let notification = PQnotifies(link.pointer) {
            payloads.append(String(cString: notification.pointee.extra))
            PQfreemem(notification)
        }
        return payloads
    }

    // MARK: The blocking calls

    private func connect() throws {
        try link.connect(conninfo, applicationName: applicationName)
        // With JIT, a statement whose cost is overestimated compiles for a second to run for a millisecond.
        let session = """
            SET TIME ZONE 'UTC'; SET datestyle = 'ISO'; SET client_min_messages = warning; SET standard_conforming_strings = on; SET jit = off
            """
        _ = try link.check(PQexec(link.pointer, session))
    }

    private func cancellable<Answer: Sendable>(
        limit: Duration? = nil, _ body: (isolated Connection) throws -> Answer
    ) async throws -> Answer {
        try Task.checkCancellation()
        // Before the handler is installed, so that a cancellation finds the call, or the check below finds the cancellation.
        let (link, call) = (link, link.begin())
        defer { link.end() }
        if let limit = limit ?? statementMax { link.limit(call, to: limit) }
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            do { return try body(self) } catch { throw link.explained(error) }
        } onCancel: {
            link.cancel(call)
        }
    }

    private func run(_ sql: SQL) throws -> Rows {
        let name = try prepare(sql)
        let result = sql.parameters.withPointers { values, lengths, formats in
            PQexecPrepared(link.pointer, name, Int32(sql.parameters.count), values, lengths, formats, 1)
        }
        return Rows(try link.check(result))
    }

    /// The name under which the statement is prepared on this connection.
    private func prepare(_ sql: SQL) throws -> String {
        if let name = statements.name(for: sql) { return name }
        let (name, evicted) = statements.admit(sql)
        if let evicted { _ = try link.check(PQexec(link.pointer, "DEALLOCATE \(evicted)")) }
        do {
            let types = sql.parameters.map(\.type)
            _ = try link.check(PQprepare(link.pointer, name, sql.text, Int32(types.count), types))
        } catch {
            statements.forget(sql)
            throw error
        }
        return name
    }

    private func runPipeline(_ batch: [SQL]) throws -> [Rows] {
        let names = try batch.map { try prepare($0) }
        guard PQenterPipelineMode(link.pointer) == 1 else { throw link.failure() }
        defer { PQexitPipelineMode(link.pointer) }
        for (sql, name) in zip(batch, names) {
            let sent = sql.parameters.withPointers { values, lengths, formats in
                PQsendQueryPrepared(link.pointer, name, Int32(sql.parameters.count), values, lengths, formats, 1)
            }
            guard sent == 1 else { throw link.failure() }
        }
        guard PQpipelineSync(link.pointer) == 1 else { throw link.failure() }
        return try receivePipeline(count: batch.count)
    }

    /// Reads until the synchronisation point; `PQgetResult` returns nil between two statements' results.
    private func receivePipeline(count: Int) throws -> [Rows] {
        var rows: [Rows] = []
        var failure: (any Error)?
        while true {
            guard let pointer = PQgetResult(link.pointer) else {
                if PQstatus(link.pointer) != CONNECTION_OK { throw failure ?? link.failure() }
                continue
            }
            let status = PQresultStatus(pointer)
            if status == PGRES_PIPELINE_SYNC {
                PQclear(pointer)
                break
            }
            do { rows.append(Rows(try link.check(pointer))) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        guard rows.count == count else { throw DatabaseError(.unreachable, "a pipeline lost an answer") }
        return rows
    }
}

extension [SQLParameter] {
    /// Passes the parameters to `body` as libpq expects them: value pointers, lengths, and 1 (binary) for each format.
    fileprivate func withPointers<Answer>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Answer
    ) -> Answer {
        if isEmpty { return body(nil, nil, nil) }
        let lengths = map { Int32($0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: count)
        var values: [UnsafePointer<CChar>?] = []
        values.reserveCapacity(count)
        return self[...].lend(into: &values) { body($0, lengths, formats) }
    }
}

extension ArraySlice<SQLParameter> {
    /// Adds each value's address to `values` in nested calls, so that all addresses stay valid for `body` without a copy.
    fileprivate func lend<Answer>(
        into values: inout [UnsafePointer<CChar>?], _ body: ([UnsafePointer<CChar>?]) -> Answer
    ) -> Answer {
        guard let first else { return body(values) }
        guard let bytes = first.bytes else {
            values.append(nil)
            return dropFirst().lend(into: &values, body)
        }
        return bytes.withUnsafeBytes { buffer in
            // An empty array has no address, and libpq takes a null pointer for NULL: any other address will do for zero bytes.
            let address = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            values.append(address?.assumingMemoryBound(to: CChar.self))
            return dropFirst().lend(into: &values, body)
        }
    }
}

/// The statements that are prepared on a connection, and their names. Bounded: the oldest is dropped first.
private struct PreparedStatements {
    /// More than this program has statements; the limit guards against a statement whose text differs each time.
    static let countMax = 256

    private struct StatementKey: Hashable {
        let text: String
        let types: [UInt32]

        init(_ sql: SQL) {
            text = sql.text
            types = sql.parameters.map(\.type)
        }
    }

    private var names: [StatementKey: String] = [:]
    private var order: [StatementKey] = []
    private var next = 0

    func name(for sql: SQL) -> String? { names[StatementKey(sql)] }

    /// A name for a new statement, and the name to deallocate when the bound is reached.
    mutating func admit(_ sql: SQL) -> (name: String, evicted: String?) {
        var evicted: String?
        if order.count >= Self.countMax { evicted = names.removeValue(forKey: order.removeFirst()) }
        next += 1
        let name = "s\(next)"
        names[StatementKey(sql)] = name
        order.append(StatementKey(sql))
        return (name, evicted)
    }

    mutating func forget(_ sql: SQL) {
        names[StatementKey(sql)] = nil
        order.removeAll { $0 == StatementKey(sql) }
    }
}
