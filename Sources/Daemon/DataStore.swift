import ControlAPI
import ControlServer
import Core
import Database
import EmbeddedPostgres
import Foundation
import Logging
import Migrations
import OwnData

/// The database that the daemon works on: the operator's, or a private cluster under the state directory that starts and stops with it.
struct DataStore: Sendable {
    let database: Database
    /// Reserved connections, for the scheduler, the quota ledger and health checks.
    let steering: Database
    let shareDirectory: URL
    /// Reads athletes' own data; nil: `FITNESSD_READER_DATABASE_URL` is not set.
    let reader: AthleteReader?
    /// Nil: the operator's server.
    private let embedded: EmbeddedPostgres?
    /// How dashboards log in to the private cluster; nil: they can't.
    let dashboards: DashboardLogin?
    /// The private cluster's URL, which holds no password, to be shown to people; nil: the operator's server.
    let privateURL: String?
    private let logger: Logger

    /// Opens a store for `body` and closes it afterwards.
    static func with<Answer>(
        _ configuration: Configuration, shareDirectory: URL, logger: Logger, isolation: isolated (any Actor)? = #isolation,
        _ body: (DataStore) async throws -> Answer
    ) async throws -> Answer {
        let store = try await open(configuration, shareDirectory: shareDirectory, logger: logger)
        let result: Result<Answer, any Error>
        do { result = .success(try await body(store)) } catch { result = .failure(error) }
        await store.close()
        return try result.get()
    }

    /// Connects to the server, or starts the private cluster.
    ///
    /// - Parameters:
    ///   - shareDirectory: the folder that holds `db/`, `sql/` and `web/`.
    ///   - listens: whether the private cluster is to be reached by dashboards.
    ///   - notices: where the private cluster tells of an upgrade.
    /// - Throws: `DatabaseError` with a sentence that says what to do.
    static func open(
        _ configuration: Configuration, shareDirectory: URL, listens: Bool = false, notices: Notices = Notices(), logger: Logger
    ) async throws -> DataStore {
        if let url = configuration.databaseURL {
            let database = Database(url: url.reveal(), logger: logger)
            let reader = configuration.readerDatabaseURL.map { AthleteReader(url: $0, daemon: database, logger: logger) }
            return try await DataStore(
                database: database, steering: database.reserved(), shareDirectory: shareDirectory, reader: reader, embedded: nil,
                dashboards: nil, privateURL: nil, logger: logger
            ).reached()
        }
        let listener = listens ? configuration.dashboards : nil
        let embedded = EmbeddedPostgres(
            stateDirectory: configuration.stateDirectory, listener: listener, notices: notices, logger: logger)
        let url = try await embedded.start()
        let database = Database(url: url, logger: logger)
        let reader = await embedded.url(as: EmbeddedPostgres.readerName).map {
            AthleteReader(url: Secret($0), daemon: database, logger: logger)
        }
        let store = DataStore(
            database: database, steering: database.reserved(), shareDirectory: shareDirectory, reader: reader, embedded: embedded,
            dashboards: listener.map { DashboardLogin(listener: $0, directory: StateDirectory(configuration.stateDirectory)) },
            privateURL: url, logger: logger)
        await embedded.holdSessions(.init(hold: { await store.hold() }, resume: { await store.resume() }))
        return store
    }

    /// The longest wait for sessions at work before a planned restart, and for the short statements of the scheduler and the quota: a caller
    /// that waits for a connection meanwhile is refused only later.
    private static let (holdMax, steeringHoldMax) = (Duration.seconds(10), Duration.seconds(2))

    /// Lets statements and transactions end, and begins no others. The scheduler's are held last and shortest, so that leases stay renewed.
    private func hold() async {
        async let readerHeld: Void? = reader?.hold(patience: Self.holdMax)
        await database.hold(patience: Self.holdMax)
        _ = await readerHeld
        await steering.hold(patience: Self.steeringHoldMax)
    }

    private func resume() async {
        await steering.resume()
        await database.resume()
        await reader?.resume()
    }

    /// Applies what is missing, and makes the roles in the private cluster.
    func migrate() async throws -> [String] {
        let applied = try await Migrator(
            directory: shareDirectory, database: database, others: { try await Self.daemonsAtWork(on: $0) }, logger: logger
        ).migrate()
        if embedded != nil { try await makeRoles() }
        try await dashboards?.admit(to: database, logger: logger)
        return applied
    }

    /// Where dashboards reach the private cluster, as `fitnessctl dashboard-url` and the summary show it.
    func dashboardAccess() async -> DashboardAccess {
        guard let embedded else { return .ownServer }
        guard let dashboards else { return .off }
        if let obstacle = await embedded.dashboardObstacle { return .unreachable(obstacle) }
        return .reachable(
            DashboardMessage(
                url: dashboards.url, host: dashboards.listener.host, port: dashboards.listener.port,
                database: EmbeddedPostgres.databaseName, user: DashboardListener.roleName, passfile: dashboards.passwordFile))
    }

    /// The roles of `db/roles.sql`, with a login for the reader. No password: whoever can open the cluster's socket may be its superuser.
    private func makeRoles() async throws {
        let script = try String(contentsOf: shareDirectory.appending(path: "db/roles.sql"), encoding: .utf8)
        try await database.withConnection { connection in
            try await connection.execute(script + "\nALTER ROLE \(EmbeddedPostgres.readerName) LOGIN;")
        }
    }

    /// Each daemon reports every 15 seconds, and takes its row away when it stops.
    private static func daemonsAtWork(on database: Database) async throws -> [String] {
        try await database.query("SELECT host FROM vault.instance WHERE seen_at > now() - interval '45 seconds' ORDER BY host, instance_id")
            .map { "one on " + (try $0.decode(String.self)) }
    }

    func pendingMigrations() async throws -> [String] {
        try await Migrator(directory: shareDirectory, database: database, logger: logger).pending()
    }

    /// Whether the login of `reader` was made.
    func hasReader() async throws -> Bool {
        let rows = try await database.query(
            "SELECT FROM pg_roles WHERE rolname = \(EmbeddedPostgres.readerName) AND rolcanlogin")
        return !rows.isEmpty
    }

    /// The names of the migrations that the database lacks, read with one short query.
    ///
    /// - Throws: `DatabaseError` when the database can't be reached, or can't be written because its disk is full.
    func missing(_ migrations: MigrationCheck) async throws -> [String] {
        try await steering.checkDisk()
        return try await migrations.missing(in: steering)
    }

    /// Where `fitnessctl backup` gets dumps from; nil: the operator's server.
    func backupSource(receiptsPath: String) -> BackupDesk.Source? {
        guard let embedded else { return nil }
        return BackupDesk.Source(receiptsPath: receiptsPath) {
            let dump = try await embedded.beginDump()
            return .init(serverVersion: dump.serverVersion, next: { try await dump.next() }, cancel: { dump.cancel() })
        }
    }

    /// Fills the private cluster from an open file with a dump, and brings it to this program's schema.
    ///
    /// - Returns: the names of the migrations that were applied.
    /// - Throws: `DatabaseError` with a sentence that says what to do; unless it is about a migration, the database is empty again.
    func restore(from file: Int32) async throws -> [String] {
        guard let embedded else { throw DatabaseError(.embedded, "only the private cluster can be restored") }
        try await makeRoles()
        try await embedded.restore(from: file)
        return try await migrate()
    }

    /// Whether nothing of fitnessd is in the database.
    func isEmpty() async throws -> Bool {
        try await database.query("SELECT FROM pg_namespace WHERE nspname = ANY (\(["sync", "vault", "bronze_strava", "silver"]))").isEmpty
    }

    /// Whether `close()` shuts down a server.
    var ownsServer: Bool { embedded != nil }

    /// Where the files of the private cluster are; nil: the database is the operator's.
    func clusterDirectory(_ configuration: Configuration) -> URL? {
        ownsServer ? configuration.stateDirectory.appending(path: "postgres", directoryHint: .isDirectory) : nil
    }

    /// Ends all statements under way and cuts the connections.
    func cut() async {
        await reader?.cut()
        await steering.cut()
        await database.cut()
    }

    func close() async {
        await reader?.close()
        await steering.close()
        await database.close()
        await embedded?.stop()
    }

    /// - Throws: `DatabaseError` with a sentence that says what to do when the operator's server can't be used.
    private func reached() async throws -> DataStore {
        do {
            // First: behind a pooler that shares sessions, other statements may fail for what a session holds from others.
            try await database.requireOwnSession()
            try await requireVersion()
            return self
        } catch let error as DatabaseError where error.code != .statement {
            throw DatabaseError(
                error.code, "\(error.message); check FITNESSD_DATABASE_URL and that the server runs", sqlState: error.sqlState)
        }
    }

    // MARK: Requirements

    private static let versionMin = 15

    /// How far the server's clock is ahead of ours, in seconds. The error is at most half the round trip.
    static func clockOffset_s(of database: Database, clock: WallClock = .system) async throws -> Double? {
        let asked = clock.now
        let rows = try await database.query("SELECT clock_timestamp()")
        let answered = clock.now
        let middle = asked.addingTimeInterval(answered.timeIntervalSince(asked) / 2)
        return try rows.first?.decode(Date.self).timeIntervalSince(middle)
    }

    private func requireVersion() async throws {
        let rows = try await database.query("SELECT current_setting('server_version_num')::integer, current_setting('server_version')")
        guard let row = rows.first else { return }
        let (number, name) = try row.decode(Int32.self, String.self)
        guard Int(number) / 10_000 >= Self.versionMin else {
            throw DatabaseError(.statement, "the server is PostgreSQL \(name): fitnessd needs version \(Self.versionMin) or later")
        }
    }

    /// One sentence about the rights that the role lacks and the daemon needs; nil: it has all of them.
    ///
    /// - Parameter pendingCount: migrations still to be applied, which need the owner's rights.
    func missingRights(pendingCount: Int) async throws -> String? {
        if pendingCount > 0, let sentence = try await missingOwnership(pendingCount) { return sentence }
        let rows = try await database.query(
            """
            SELECT current_user::text, format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics') AND c.relkind IN ('r', 'p', 'v', 'S')
              AND (NOT has_schema_privilege(n.oid, 'USAGE') OR CASE
                WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE')
                WHEN c.relkind = 'v' OR (n.nspname, c.relname) = ('sync', 'reader_grant') THEN NOT has_table_privilege(c.oid, 'SELECT')
                ELSE NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE')) END)
            ORDER BY 2
            """
        ).map { try $0.decode(String.self, String.self) }
        guard let first = rows.first else { return nil }
        let more = rows.count > 1 ? " and \(rows.count - 1) more" : ""
        return
            "the role \(first.0) may not read and write \(first.1)\(more): run db/roles.sql again as a superuser, or grant it what it lacks"
    }

    private func missingOwnership(_ pendingCount: Int) async throws -> String? {
        let rows = try await database.query(
            """
            SELECT current_user::text, has_database_privilege(current_database(), 'CREATE') AND NOT EXISTS (
                SELECT FROM pg_namespace WHERE nspname IN ('sync', 'vault', 'bronze_strava', 'silver', 'metrics')
                  AND NOT pg_has_role(nspowner, 'USAGE'))
            """)
        guard let row = rows.first else { return nil }
        let (role, isOwner) = try row.decode(String.self, Bool.self)
        if isOwner { return nil }
        return "\(pendingCount) migrations are to be applied, and the role \(role) may not do it: run `fitnessd migrate` as the owner first"
    }
}
