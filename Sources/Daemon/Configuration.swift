import Assistant
import ControlAPI
import Core
import EmbeddedPostgres
import Foundation
import Gateway
import Governor
import Identity
import Journal
import Logging
import StravaAPI
import Sync
import Warehouse

/// All settings of the daemon, checked. Names, defaults and meanings are in `ConfigurationKeys`.
struct Configuration: Sendable {
    enum LogFormat: String, CaseIterable, Sendable { case journal, console, json }

    let databaseURL: Secret?
    /// The same database by the login `fitness_reader`; nil: the private cluster, or no reads of athletes' own data.
    let readerDatabaseURL: Secret?
    /// Where dashboards reach the private cluster; nil: nowhere.
    let dashboards: DashboardListener?
    var stateDirectory: URL
    let controlSocket: String
    /// The group whose members may change things over the control socket; nil: members of the socket's group may.
    let adminGroupID: UInt32?
    let publicURL: PublicURL
    /// Where the gateway listens, for athletes and for the operator.
    let addresses: GatewayAddresses
    /// Who runs this installation, as the connect pages say it.
    let who: InstallationOperator
    let clientID: String?
    let clientSecret: Secret?
    let stravaAPIURL: String
    let stravaOAuthURL: String
    /// Requests per quarter hour and per UTC day until Strava's headers say otherwise.
    var limit: RateLimit
    let vaultKeyPath: String?
    /// Requests to Strava in flight at once, and athletes in work at once.
    let requestsInFlight: Int
    let athletesInWork: Int
    /// Fetch only so many activities of each athlete, the newest; nil: all.
    let sample: Int?
    /// Whether Strava's own zones of each activity are fetched.
    let fetchesActivityZones: Bool
    /// What is fetched of the past, and in which order.
    let history: HistoryChoice
    let retention: RetentionPolicy
    /// The token with which Strava validates the webhook's callback; nil: a random one, kept in PostgreSQL.
    let webhookVerifyToken: Secret?
    /// Who issues ID tokens; nil: nobody.
    let idTokens: IDTokenIssuer?
    /// The web applications that may call the addresses for programs.
    let origins: AllowedOrigins
    /// The two settings as they were set, to be shown.
    let firebaseProject: String?
    let originsText: String?
    /// Where maps get their tiles; nil: they are a grid.
    let mapTiles: MapTiles?
    /// What assistants may see.
    let modelAccess: ModelAccess
    var logLevel: Logger.Level
    let logFormat: LogFormat
    /// The folder that holds `db/`, `sql/` and `web/`; nil: found beside the program.
    let shareDirectory: URL?

    /// The keyring that the first start of a private cluster makes.
    var privateKeyringPath: String { stateDirectory.appending(path: "vault.keyring").path }

    var strava: StravaConfiguration {
        StravaConfiguration(
            apiURL: stravaAPIURL, oauthURL: stravaOAuthURL, clientID: clientID ?? "", clientSecret: clientSecret ?? Secret(""))
    }

    /// - Throws: `ConfigurationError` with a sentence for each setting that can't be used.
    init(_ source: ConfigurationSource) throws {
        var faults = ConfigurationFaults(source.faults)
        (databaseURL, readerDatabaseURL, dashboards) = Configuration.databases(source, &faults)
        let directory = faults.take(URL(filePath: "/")) { try Configuration.stateDirectory(source) }
        stateDirectory = directory
        (controlSocket, adminGroupID) = Configuration.control(source, stateDirectory: directory, &faults)
        let (url, places) = Configuration.places(source, dashboards, &faults)
        addresses = places
        who = Configuration.who(source, &faults)
        (clientID, clientSecret) = faults.take((nil, nil)) { try Configuration.credentials(source) }
        stravaAPIURL = faults.take("") { try Configuration.url(source, "FITNESSD_STRAVA_API_URL") }
        stravaOAuthURL = faults.take("") { try Configuration.url(source, "FITNESSD_STRAVA_OAUTH_URL") }
        limit = faults.take(RateLimit(quarter: 1, day: 1)) {
            try Configuration.limit(source.value("FITNESSD_STRAVA_LIMIT") ?? "")
        }
        vaultKeyPath = source.value(ConfigurationKeys.keyring) ?? source.credentialPath(ConfigurationKeys.keyring)
        requestsInFlight = faults.take(nil) { try Configuration.count(source, "FITNESSD_REQUESTS_IN_FLIGHT") } ?? 1
        athletesInWork = faults.take(nil) { try Configuration.count(source, "FITNESSD_ATHLETES_IN_WORK") } ?? 3
        sample = faults.take(nil) { try Configuration.count(source, "FITNESSD_SAMPLE") }
        fetchesActivityZones = faults.take(false) { try Configuration.isOn(source, "FITNESSD_ACTIVITY_ZONES") }
        history = faults.take(.full) { try Configuration.oneOf(source, "FITNESSD_HISTORY", HistoryChoice.allCases) ?? .full }
        retention = Configuration.retention(source, &faults)
        webhookVerifyToken = faults.take(nil) { try source.secret("FITNESSD_WEBHOOK_VERIFY_TOKEN") }
        idTokens = faults.take(nil) { try ProgramSettings.idTokens(source) }
        firebaseProject = source.value("FITNESSD_FIREBASE_PROJECT")
        origins = faults.take(.none) { try ProgramSettings.origins(source) }
        originsText = source.value("FITNESSD_CORS_ORIGIN")
        mapTiles = faults.take(nil) { try ProgramSettings.mapTiles(source) }
        modelAccess = faults.take(.own) {
            try Configuration.oneOf(source, "FITNESSD_MODEL_ACCESS", ModelAccess.allCases) ?? .own
        }
        logLevel = faults.take(.info) { try Configuration.oneOf(source, "FITNESSD_LOG_LEVEL", Logger.Level.allCases) ?? .info }
        logFormat = faults.take(.json) {
            try Configuration.oneOf(source, "FITNESSD_LOG_FORMAT", LogFormat.allCases) ?? Configuration.logFormat(source)
        }
        shareDirectory = faults.take(nil) { try Configuration.shareDirectory(source) }
        try faults.throwIfAny()
        guard let url else { throw ConfigurationError("FITNESSD_PUBLIC_URL can't be read") }
        publicURL = url
    }

    /// Where browsers reach the gateway, nil if that can't be read, and where it listens.
    private static func places(
        _ source: ConfigurationSource, _ dashboards: DashboardListener?, _ faults: inout ConfigurationFaults
    ) -> (PublicURL?, GatewayAddresses) {
        let web = faults.take(nil) { try ListenAddress.parse(source.value("FITNESSD_HTTP_LISTEN") ?? "off") }
        let nowhere = GatewayAddresses(web: nil, admin: .off)
        let read = faults.take(nil) { try PublicURL(source.value("FITNESSD_PUBLIC_URL") ?? "http://localhost:\(web?.port ?? 8080)") }
        guard let url = read else { return (nil, nowhere) }
        let addresses = faults.take(nowhere) {
            let addresses = try GatewayAddresses.resolve(web: web, admin: source.value("FITNESSD_ADMIN_LISTEN"), publicURL: url)
            for (key, address) in addresses.listened where address.port == dashboards?.port {
                throw ConfigurationError("\(key.rawValue) and FITNESSD_DASHBOARD_LISTEN have the same port, \(address.port): change one")
            }
            return addresses
        }
        return (url, addresses)
    }

    private static func retention(_ source: ConfigurationSource, _ faults: inout ConfigurationFaults) -> RetentionPolicy {
        RetentionPolicy(
            apiDays: faults.take(nil) { try Configuration.count(source, "FITNESSD_RETENTION_API_DAYS") },
            versionDays: faults.take(nil) { try Configuration.count(source, "FITNESSD_RETENTION_VERSION_DAYS") }
                ?? RetentionPolicy.versionDaysDefault)
    }

    // MARK: The demo

    /// Whether this start is a demo: if asked for, or if there are no credentials, except where nobody would see it: under systemd, or on an
    /// operator's database.
    ///
    /// - Throws: `ConfigurationError` when credentials are required and missing.
    func isDemo(asked: Bool, environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Bool {
        if asked { return true }
        if clientID != nil, clientSecret != nil { return false }
        let need = "set FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET (Strava shows both under Settings, My API Application)"
        if environment["NOTIFY_SOCKET"] != nil || environment["INVOCATION_ID"] != nil {
            throw ConfigurationError("no Strava credentials are configured: \(need)")
        }
        if databaseURL != nil {
            throw ConfigurationError(
                "FITNESSD_DATABASE_URL is set but no Strava credentials are: \(need), or pass --demo to fill that database with made-up athletes"
            )
        }
        return true
    }

    /// The settings of a demo: with a state directory of its own, so that made-up athletes never mix with real ones.
    func demo() -> Configuration {
        var copy = self
        copy.stateDirectory = stateDirectory.appending(path: "demo", directoryHint: .isDirectory)
        copy.limit = DemoStrava.limit
        // The display shows what happens; a log line for each turn would only hide it.
        if logLevel == .info, logFormat == .console { copy.logLevel = .notice }
        return copy
    }

    // MARK: Reading single keys

    private static func databases(
        _ source: ConfigurationSource, _ faults: inout ConfigurationFaults
    ) -> (Secret?, reader: Secret?, dashboards: DashboardListener?) {
        let (database, reader) = faults.take((nil, nil)) { try ownDatabase(source) }
        let isPrivate = source.origin(of: ConfigurationKeys.named("FITNESSD_DATABASE_URL")) == .standard
        return (database, reader, faults.take(nil) { try dashboards(source, isPrivate: isPrivate) })
    }

    private static func dashboards(_ source: ConfigurationSource, isPrivate: Bool) throws -> DashboardListener? {
        let set = source.value("FITNESSD_DASHBOARD_LISTEN")
        if set == "off" { return nil }
        guard isPrivate else {
            if set == nil { return nil }
            throw ConfigurationError(
                """
                FITNESSD_DASHBOARD_LISTEN is for the private cluster, and FITNESSD_DATABASE_URL is set: unset one of them; on a server of your \
                own, dashboards log in there (docs/dashboards.md)
                """)
        }
        if let listener = DashboardListener(set ?? "127.0.0.1:5433") { return listener }
        throw ConfigurationError(
            """
            FITNESSD_DASHBOARD_LISTEN must be a loopback address with a port, such as 127.0.0.1:5433, or off: the private PostgreSQL has no TLS; \
            for dashboards on other machines use an SSH tunnel, or a server of your own
            """)
    }

    private static func ownDatabase(_ source: ConfigurationSource) throws -> (Secret?, reader: Secret?) {
        let database = try source.secret("FITNESSD_DATABASE_URL")
        let reader = try source.secret("FITNESSD_READER_DATABASE_URL")
        if reader != nil, database == nil {
            throw ConfigurationError(
                "FITNESSD_READER_DATABASE_URL is set but FITNESSD_DATABASE_URL is not: set both, or neither for the private cluster")
        }
        return (database, reader)
    }

    private static func stateDirectory(_ source: ConfigurationSource) throws -> URL {
        let environment = source.environment
        let path: String
        if let set = source.value("FITNESSD_STATE_DIR") {
            path = set
        } else if let systemd = environment["STATE_DIRECTORY"]?.split(separator: ":").first {
            path = String(systemd)
        } else if let home = environment["XDG_STATE_HOME"], !home.isEmpty {
            path = home + "/fitnessd"
        } else if let home = environment["HOME"], !home.isEmpty {
            path = home + "/.local/state/fitnessd"
        } else {
            throw ConfigurationError("no state directory: set FITNESSD_STATE_DIR (neither STATE_DIRECTORY nor HOME is set)")
        }
        guard path.hasPrefix("/") else { throw ConfigurationError("FITNESSD_STATE_DIR must be an absolute path") }
        return URL(filePath: path, directoryHint: .isDirectory)
    }

    private static func controlSocket(_ source: ConfigurationSource, stateDirectory: URL) -> String {
        if let set = source.value("FITNESSD_CONTROL_SOCKET") { return set }
        return ControlSocketPath.daemon(environment: source.environment, stateDirectory: StateDirectory(stateDirectory).path)
    }

    private static func control(
        _ source: ConfigurationSource, stateDirectory: URL, _ faults: inout ConfigurationFaults
    ) -> (socket: String, adminGroup: UInt32?) {
        (controlSocket(source, stateDirectory: stateDirectory), faults.take(nil) { try adminGroup(source) })
    }

    private static func adminGroup(_ source: ConfigurationSource) throws -> UInt32? {
        guard let name = source.value("FITNESSD_ADMIN_GROUP") else { return nil }
        guard let group = Accounts.groupID(name) else {
            throw ConfigurationError("FITNESSD_ADMIN_GROUP must name a group of this machine: make it with groupadd, or unset the key")
        }
        return group
    }

    private static func url(_ source: ConfigurationSource, _ key: String) throws -> String {
        let text = source.value(key) ?? ""
        guard let url = URLComponents(string: text), url.scheme == "https" || url.scheme == "http", url.host?.isEmpty == false,
            url.user == nil, url.query == nil, url.fragment == nil
        else {
            throw ConfigurationError("\(key) must be an http or https URL without user, query or fragment")
        }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    private static func credentials(_ source: ConfigurationSource) throws -> (String?, Secret?) {
        let id = source.value("FITNESSD_STRAVA_CLIENT_ID")
        let secret = try source.secret("FITNESSD_STRAVA_CLIENT_SECRET")
        switch (id, secret) {
        case (nil, .some):
            throw ConfigurationError("FITNESSD_STRAVA_CLIENT_SECRET is set but FITNESSD_STRAVA_CLIENT_ID is not: set both or neither")
        case (.some, nil):
            throw ConfigurationError("FITNESSD_STRAVA_CLIENT_ID is set but FITNESSD_STRAVA_CLIENT_SECRET is not: set both or neither")
        case (let id?, let secret?):
            guard Int64(id) != nil else {
                throw ConfigurationError(
                    "FITNESSD_STRAVA_CLIENT_ID must be the number that Strava shows under Settings, My API Application")
            }
            return (id, secret)
        case (nil, nil): return (nil, nil)
        }
    }

    private static func who(_ source: ConfigurationSource, _ faults: inout ConfigurationFaults) -> InstallationOperator {
        let name = faults.take(nil) { try operatorName(source) }
        return InstallationOperator(name: name, privacyURL: faults.take(nil) { try privacyURL(source) })
    }

    private static func operatorName(_ source: ConfigurationSource) throws -> String? {
        guard let name = source.value("FITNESSD_OPERATOR_NAME") else { return nil }
        guard (1...100).contains(name.count), PlainText.of(name) == name else {
            throw ConfigurationError(
                "FITNESSD_OPERATOR_NAME must have 1 to 100 printable characters: the name that athletes know you by, for the connect page")
        }
        return name
    }

    private static func privacyURL(_ source: ConfigurationSource) throws -> String? {
        guard let text = source.value("FITNESSD_PRIVACY_URL") else { return nil }
        guard let parts = URLComponents(string: text), parts.scheme == "https" || parts.scheme == "http", parts.host?.isEmpty == false,
            parts.user == nil, text.utf8.count <= 1024
        else {
            throw ConfigurationError(
                "FITNESSD_PRIVACY_URL must be the http or https address of the page that says what becomes of athletes' data")
        }
        return text
    }

    private static func limit(_ text: String) throws -> RateLimit {
        guard let limit = RateLimit(text), limit.day >= limit.quarter else {
            throw ConfigurationError(
                "FITNESSD_STRAVA_LIMIT must be two numbers, quarter hour and day, the day's at least as large: 600,30000")
        }
        return limit
    }

    /// A number within the limits of the table of settings.
    private static func count(_ source: ConfigurationSource, _ key: String) throws -> Int? {
        guard let text = source.value(key), case .number(let range) = ConfigurationKeys.named(key).kind else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ConfigurationError("\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func oneOf<Value: RawRepresentable>(
        _ source: ConfigurationSource, _ key: String, _ all: [Value]
    ) throws -> Value? where Value.RawValue == String {
        guard let text = source.value(key) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw ConfigurationError("\(key) must be one of \(all.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    private static func isOn(_ source: ConfigurationSource, _ key: String) throws -> Bool {
        try oneOf(source, key, Switch.allCases) == .on
    }

    private static func shareDirectory(_ source: ConfigurationSource) throws -> URL? {
        guard let path = source.value("FITNESSD_SHARE_DIR") else { return nil }
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        for part in ["db/migrations", "sql/silver", "sql/dashboards", "web/templates"]
        where !FileManager.default.fileExists(atPath: folder.appending(path: part).path) {
            throw ConfigurationError(
                "FITNESSD_SHARE_DIR names \(path), which holds no \(part): set it to the folder that holds db/, sql/ and web/")
        }
        return folder
    }

    private static func logFormat(_ source: ConfigurationSource) -> LogFormat {
        if JournalSocket.isBehind(STDERR_FILENO, variable: source.environment["JOURNAL_STREAM"]) { return .journal }
        return isatty(STDERR_FILENO) == 1 ? .console : .json
    }
}

/// Settings that can't be used, with a sentence for each that names the key and says what to do.
struct ConfigurationError: Error, CustomStringConvertible {
    let sentences: [String]

    init(_ sentence: String) { sentences = [sentence] }

    init(_ sentences: [String]) { self.sentences = sentences }

    var description: String {
        if sentences.count == 1 { return sentences[0] }
        return (["\(sentences.count) settings can't be used:"] + sentences.map { "  - \($0)" }).joined(separator: "\n")
    }
}

/// Collects the faults of all settings, so that one run reports them all.
private struct ConfigurationFaults {
    private var sentences: [String]

    init(_ sentences: [String]) { self.sentences = sentences }

    /// The value that `body` returns. If it throws, the error is kept and `otherwise` is the value until `throwIfAny`.
    mutating func take<Value>(_ otherwise: @autoclosure () -> Value, _ body: () throws -> Value) -> Value {
        do {
            return try body()
        } catch {
            sentences += (error as? ConfigurationError)?.sentences ?? ["\(error)"]
            return otherwise()
        }
    }

    /// - Throws: `ConfigurationError` with all faults.
    func throwIfAny() throws {
        if !sentences.isEmpty { throw ConfigurationError(sentences) }
    }
}
