import Core
import Foundation
import Gateway
import Governor
import Logging
import StravaAPI
import Warehouse

/// All settings of the daemon, checked. The keys and defaults are a contract: see the table in README.
struct Configuration: Sendable {
    enum LogFormat: String, CaseIterable, Sendable { case journal, console, json }

    let databaseURL: Secret?
    var stateDirectory: URL
    let controlSocket: String
    let publicURL: String
    /// Where the gateway listens, for people and for the operator.
    let addresses: GatewayAddresses
    var clientID: String?
    var clientSecret: Secret?
    var stravaAPIURL: String
    var stravaOAuthURL: String
    /// Requests per quarter hour and per UTC day until Strava's headers say otherwise.
    var limit: RateLimit
    let vaultKeyPath: String?
    /// Requests to Strava on the wire at once, and athletes in work at once.
    let requestsInFlight: Int
    let athletesInWork: Int
    /// Only the newest activities of each athlete, this many; nil: all.
    let sample: Int?
    let retention: RetentionPolicy
    /// What Strava says when it validates the callback of its events; nil: a random one, kept in Postgres.
    let webhookVerifyToken: Secret?
    var logLevel: Logger.Level
    let logFormat: LogFormat
    /// The folder that holds `db/` and `sql/`; nil: found beside the program.
    let shareDirectory: URL?

    /// Whether both of Strava's credentials are there.
    var hasCredentials: Bool { clientID != nil && clientSecret != nil }

    var strava: StravaConfiguration {
        StravaConfiguration(
            apiURL: stravaAPIURL, oauthURL: stravaOAuthURL, clientID: clientID ?? "", clientSecret: clientSecret ?? Secret(""))
    }

    /// - Throws: `ConfigurationError` with a sentence for each setting that can't be used.
    init(_ source: ConfigurationSource) throws {
        var faults = ConfigurationFaults(sentences: source.faults)
        databaseURL = faults.take(nil) { try source.secret("FITNESSD_DATABASE_URL") }
        let directory = faults.take(URL(filePath: "/")) { try Configuration.stateDirectory(source) }
        stateDirectory = directory
        controlSocket = Configuration.controlSocket(source, stateDirectory: directory)
        let listen = faults.take(nil) { try ListenAddress.parse(source.value("FITNESSD_HTTP_LISTEN") ?? "127.0.0.1:8080") }
        let url = faults.take("") {
            let text = try Configuration.url(source, "FITNESSD_PUBLIC_URL", "http://localhost:\(listen?.port ?? 8080)")
            return try PublicURL(text).text
        }
        publicURL = url
        let admin = source.value("FITNESSD_ADMIN_LISTEN")
        addresses = faults.take(GatewayAddresses(web: nil, admin: .off)) {
            if url.isEmpty { return GatewayAddresses(web: nil, admin: .off) }
            return try GatewayAddresses.resolve(web: listen, admin: admin, publicURL: PublicURL(url))
        }
        (clientID, clientSecret) = faults.take((nil, nil)) { try Configuration.credentials(source) }
        stravaAPIURL = faults.take("") { try Configuration.url(source, "FITNESSD_STRAVA_API_URL", "https://www.strava.com/api/v3") }
        stravaOAuthURL = faults.take("") { try Configuration.url(source, "FITNESSD_STRAVA_OAUTH_URL", "https://www.strava.com/oauth") }
        limit = faults.take(RateLimit(quarter: 1, day: 1)) {
            try Configuration.limit(source.value("FITNESSD_STRAVA_LIMIT") ?? "600,30000")
        }
        vaultKeyPath = source.value("FITNESSD_VAULT_KEY") ?? source.credentialPath("FITNESSD_VAULT_KEY")
        requestsInFlight = faults.take(nil) { try Configuration.count(source, "FITNESSD_REQUESTS_IN_FLIGHT", 1...256) } ?? 32
        athletesInWork = faults.take(nil) { try Configuration.count(source, "FITNESSD_ATHLETES_IN_WORK", 3...1_024) } ?? 64
        sample = faults.take(nil) { try Configuration.count(source, "FITNESSD_SAMPLE", 1...1_000_000) }
        retention = RetentionPolicy(
            apiDays: faults.take(nil) { try Configuration.count(source, "FITNESSD_RETENTION_API_DAYS", 1...36_500) },
            versionDays: faults.take(nil) { try Configuration.count(source, "FITNESSD_RETENTION_VERSION_DAYS", 1...36_500) }
                ?? RetentionPolicy.versionDaysDefault)
        webhookVerifyToken = faults.take(nil) { try source.secret("FITNESSD_WEBHOOK_VERIFY_TOKEN") }
        logLevel = faults.take(.info) { try Configuration.oneOf(source, "FITNESSD_LOG_LEVEL", Logger.Level.allCases, default: .info) }
        logFormat = faults.take(.json) {
            try Configuration.oneOf(source, "FITNESSD_LOG_FORMAT", LogFormat.allCases, default: Configuration.logFormat(source))
        }
        shareDirectory = faults.take(nil) { try Configuration.shareDirectory(source) }
        try faults.throwIfAny()
    }

    // MARK: One function a key

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
        if let systemd = source.environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first { return systemd + "/control.sock" }
        if let runtime = source.environment["XDG_RUNTIME_DIR"], !runtime.isEmpty { return runtime + "/fitnessd/control.sock" }
        return stateDirectory.appending(path: "control.sock").path
    }

    private static func url(_ source: ConfigurationSource, _ key: String, _ standard: String) throws -> String {
        let text = source.value(key) ?? standard
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

    private static func limit(_ text: String) throws -> RateLimit {
        guard let limit = RateLimit(text), limit.day >= limit.quarter else {
            throw ConfigurationError(
                "FITNESSD_STRAVA_LIMIT must be two numbers, quarter hour and day, the day's at least as large: 600,30000")
        }
        return limit
    }

    private static func count(_ source: ConfigurationSource, _ key: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = source.value(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ConfigurationError("\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func oneOf<Value: RawRepresentable>(
        _ source: ConfigurationSource, _ key: String, _ all: [Value], default standard: Value
    ) throws -> Value where Value.RawValue == String {
        guard let text = source.value(key) else { return standard }
        guard let value = Value(rawValue: text) else {
            throw ConfigurationError("\(key) must be one of \(all.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    private static func shareDirectory(_ source: ConfigurationSource) throws -> URL? {
        guard let path = source.value("FITNESSD_SHARE_DIR") else { return nil }
        let folder = URL(filePath: path, directoryHint: .isDirectory)
        for part in ["db/migrations", "sql/silver"] where !FileManager.default.fileExists(atPath: folder.appending(path: part).path) {
            throw ConfigurationError(
                "FITNESSD_SHARE_DIR names \(path), which holds no \(part): set it to the folder that holds db/ and sql/")
        }
        return folder
    }

    private static func logFormat(_ source: ConfigurationSource) -> LogFormat {
        if source.environment["JOURNAL_STREAM"] != nil { return .journal }
        return isatty(STDERR_FILENO) == 1 ? .console : .json
    }
}
