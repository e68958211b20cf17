import Assistant
import ControlAPI
import Core
import Logging
import Sync

/// A setting of fitnessd: its name, its default, and what it means. The daemon reads defaults and limits from here; `fitnessd config`, README's
/// table, the manual page and the commented `fitnessd.env` are made from it.
struct ConfigurationKey: Sendable {
    enum Group: String, Sendable {
        case store = "Database and files"
        case http = "HTTP"
        case strava = "Strava"
        case sync = "Syncing"
        case retention = "Retention"
        case programs = "Programs and assistants"
        case log = "Log"
    }

    /// What a value must look like.
    enum Kind: Sendable {
        case text, path, url, address
        case number(ClosedRange<Int>)
        case choice([String])
        /// Several values, separated by commas.
        case list
    }

    enum Standard: Sendable {
        /// What the setting has when it is unset.
        case value(String)
        /// What happens when it is unset, in words.
        case words(String)
    }

    let name: String
    let group: Group
    let kind: Kind
    let standard: Standard
    /// Never shown, and may be in a file that the key with `_FILE` at its end names, or in a systemd credential of the key's name.
    let isSecret: Bool
    /// Whether a reload applies a change. Other settings need a restart.
    let isReloadable: Bool
    /// One sentence, with backticks around what is literal.
    let meaning: String
    /// A value for the commented `fitnessd.env`; nil for secrets.
    let example: String?
    /// The value in force. Not called for secrets.
    let shown: @Sendable (Configuration) -> String?

    init(
        _ name: String, _ group: Group, _ kind: Kind, _ standard: Standard, secret isSecret: Bool = false, live isReloadable: Bool = false,
        example: String? = nil, _ meaning: String, shown: @escaping @Sendable (Configuration) -> String? = { _ in nil }
    ) {
        self.name = name
        self.group = group
        self.kind = kind
        self.standard = standard
        self.isSecret = isSecret
        self.isReloadable = isReloadable
        self.meaning = meaning
        self.example = example
        self.shown = shown
    }

    /// Whether systemd may pass it as a credential. The keyring is passed as the file itself.
    var isCredential: Bool { isSecret || name == ConfigurationKeys.keyring }
}

/// The table of all settings. A name with the prefix that is not here is refused as misspelt.
enum ConfigurationKeys {
    static let keyring = "FITNESSD_VAULT_KEY"

    static let all = store + http + strava + sync + retention + programs + log

    static func named(_ name: String) -> ConfigurationKey {
        guard let key = byName[name] else { preconditionFailure("\(name) is read and not in the table of settings") }
        return key
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static let store: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_DATABASE_URL", .store, .url, .words("a private PostgreSQL cluster under the state directory"),
            secret: true, "The PostgreSQL database, version 15 or later, that holds everything: `postgresql://user:password@host/name`."),
        ConfigurationKey(
            "FITNESSD_READER_DATABASE_URL", .store, .url,
            .words("unset: `/v1/me` and `/mcp` answer 503. The private cluster makes the login by itself"), secret: true,
            "The same database, not a replica, by the login `fitness_reader` of `db/roles.sql`: what `/v1/me` and `/mcp` read through."),
        ConfigurationKey(
            "FITNESSD_DASHBOARD_LISTEN", .store, .address, .words("`127.0.0.1:5433`; with `FITNESSD_DATABASE_URL`: `off`"),
            example: "127.0.0.1:5433",
            "Where dashboards reach the private cluster as `fitness_dashboard`: a loopback address with a port, or `off`; `fitnessctl dashboard-url` "
                + "shows the URL."
        ) { $0.dashboards?.text ?? "off" },
        ConfigurationKey(
            "FITNESSD_STATE_DIR", .store, .path,
            .words("`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/fitnessd`, else `~/.local/state/fitnessd`"), example: "/var/lib/fitnessd",
            "The directory of the private cluster, its keyring, the daemon's identity and the receipts of erasures."
        ) { StateDirectory($0.stateDirectory).path },
        ConfigurationKey(
            keyring, .store, .path, .words("made at the first start of a private cluster; required with `FITNESSD_DATABASE_URL`"),
            example: "/etc/fitnessd/vault.keyring",
            "The keyring file that seals the athletes' tokens, made by `fitnessd keygen`; the file is read again every 15 seconds."
        ) { $0.vaultKeyPath ?? ($0.databaseURL == nil ? $0.privateKeyringPath : nil) },
        ConfigurationKey(
            "FITNESSD_CONTROL_SOCKET", .store, .path,
            .words("`$RUNTIME_DIRECTORY/control.sock`, else `$XDG_RUNTIME_DIR/fitnessd/control.sock`, else under the state directory"),
            example: "/run/fitnessd/control.sock", "The Unix socket through which `fitnessctl` reaches the daemon."
        ) { $0.controlSocket },
        ConfigurationKey(
            "FITNESSD_ADMIN_GROUP", .store, .text, .words("unset: members of the control socket's group may look and change things"),
            example: "fitness-admin",
            "The group, by name or number, whose members may change things with `fitnessctl`; others of the control socket's group may look."
        ) { $0.adminGroupID.map { Accounts.groupName($0) ?? String($0) } },
        ConfigurationKey(
            "FITNESSD_SHARE_DIR", .store, .path, .words("found from the checkout, else `/usr/share/fitnessd`"),
            example: "/usr/share/fitnessd", "The folder that holds `db/`, `sql/` and `web/`."
        ) { ($0.shareDirectory ?? ShareDirectory.find(environment: [:])).map { StateDirectory($0).path } },
    ]

    private static let http: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_HTTP_LISTEN", .http, .address, .value("127.0.0.1:8080"), example: "127.0.0.1:8080",
            "Where the pages for athletes, Strava's events and the addresses for programs are served; `off` disables them."
        ) { $0.addresses.web?.text ?? "off" },
        ConfigurationKey(
            "FITNESSD_PUBLIC_URL", .http, .url, .words("`http://localhost:PORT` with the port of `FITNESSD_HTTP_LISTEN`"),
            example: "https://fit.example.org", "Where browsers and Strava reach the daemon."
        ) { $0.publicURL.text },
        ConfigurationKey(
            "FITNESSD_ADMIN_LISTEN", .http, .address,
            .words("with `FITNESSD_HTTP_LISTEN` while the host of `FITNESSD_PUBLIC_URL` is loopback, else `127.0.0.1:8081`"),
            example: "127.0.0.1:8081",
            "Where the operator's page `/` and `/metrics` are served; `off` disables them, and the public address is an error."
        ) { $0.addresses.adminAddress?.text ?? "off" },
        ConfigurationKey(
            "FITNESSD_OPERATOR_NAME", .http, .text, .words("unset: the host of `FITNESSD_PUBLIC_URL`"), live: true,
            example: "Riverside Runners",
            "Who runs this installation, as the connect page tells athletes; 1 to 100 characters."
        ) { $0.who.name },
        ConfigurationKey(
            "FITNESSD_PRIVACY_URL", .http, .url, .words("unset: none"), live: true, example: "https://example.org/privacy",
            "The page that says what becomes of athletes' data, linked on the connect page."
        ) { $0.who.privacyURL },
    ]

    private static let strava: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_STRAVA_CLIENT_ID", .strava, .text, .words("required, except in the demo"), example: "12345",
            "The number of your application at Strava, shown there under Settings, My API Application."
        ) { $0.clientID },
        ConfigurationKey(
            "FITNESSD_STRAVA_CLIENT_SECRET", .strava, .text, .words("required, except in the demo"), secret: true, live: true,
            "The secret of the application, shown beside its number."),
        ConfigurationKey(
            "FITNESSD_STRAVA_API_URL", .strava, .url, .value("https://www.strava.com/api/v3"), example: "https://www.strava.com/api/v3",
            "Where Strava's API is; for trials with another server."
        ) { $0.stravaAPIURL },
        ConfigurationKey(
            "FITNESSD_STRAVA_OAUTH_URL", .strava, .url, .value("https://www.strava.com/oauth"), example: "https://www.strava.com/oauth",
            "Where Strava asks athletes for consent and issues tokens; for trials with another server."
        ) { $0.stravaOAuthURL },
        ConfigurationKey(
            "FITNESSD_STRAVA_LIMIT", .strava, .list, .value("600,30000"), example: "600,30000",
            "Requests a quarter hour and a UTC day, until Strava's headers say otherwise; a limit there that can't be (1, or a hundredth) is in "
                + "doubt, and one request a quarter hour asks again until it is repeated or denied."
        ) { "\($0.limit.quarter),\($0.limit.day)" },
        ConfigurationKey(
            "FITNESSD_WEBHOOK_VERIFY_TOKEN", .strava, .text, .words("random, kept in PostgreSQL"), secret: true,
            "What Strava says when it validates the address of its events."),
    ]

    private static let sync: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_REQUESTS_IN_FLIGHT", .sync, .number(1...256), .value("32"), live: true, example: "32",
            "Requests to Strava on the wire at once, 1 to 256."
        ) { String($0.requestsInFlight) },
        ConfigurationKey(
            "FITNESSD_ATHLETES_IN_WORK", .sync, .number(3...1_024), .value("64"), live: true, example: "64",
            "Athletes in work at once, 3 to 1024; a quarter of the places is for urgent work, a quarter for history."
        ) { String($0.athletesInWork) },
        ConfigurationKey(
            "FITNESSD_SAMPLE", .sync, .number(1...1_000_000), .words("unset: everything"), live: true, example: "50",
            "Of each athlete only so many of the newest activities, for trying things out."
        ) { $0.sample.map(String.init) },
        ConfigurationKey(
            "FITNESSD_ACTIVITY_ZONES", .sync, .choice(Switch.allCases.map(\.rawValue)), .value("off"), live: true, example: "on",
            "Whether Strava's own zones of each activity are fetched, too, behind everything else: one more call for each, for athletes who "
                + "subscribe to Strava; activities that are here already follow with the next walk over their list."
        ) { ($0.fetchesActivityZones ? Switch.on : .off).rawValue },
        ConfigurationKey(
            "FITNESSD_HISTORY", .sync, .choice(HistoryChoice.allCases.map(\.rawValue)), .value("full"), live: true,
            example: "streams-first",
            "What is fetched of the past: `full`, detail and streams together, newest activity first; `streams-first`, the streams of all "
                + "activities, then the details, so that the same calls bring twice as many curves at first; `streams-only`, no details, "
                + "until the setting changes. Recent activities always get both."
        ) { $0.history.rawValue },
    ]

    private static let retention: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_RETENTION_API_DAYS", .retention, .number(1...36_500), .words("unset: keep"), live: true, example: "7",
            "Days after which copies of API data, bronze and silver, are deleted; what is gone at Strava then goes at once."
        ) { $0.retention.apiDays.map(String.init) },
        ConfigurationKey(
            "FITNESSD_RETENTION_VERSION_DAYS", .retention, .number(1...36_500), .value("90"), live: true, example: "90",
            "Days that the earlier version of a changed answer is kept."
        ) { String($0.retention.versionDays) },
    ]

    private static let programs: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_MODEL_ACCESS", .programs, .choice(ModelAccess.allCases.map(\.rawValue)), .value("own"), live: true, example: "own",
            "What assistants see: `own`, nothing that comes from Strava's API; `all`, everything of their athlete; `off`, `/mcp` is closed."
        ) { $0.modelAccess.rawValue },
        ConfigurationKey(
            "FITNESSD_CORS_ORIGIN", .programs, .list, .words("unset: none"), live: true, example: "https://app.example.org",
            "The origins of web applications that may call `/api`, `/v1/` and `/mcp` from a browser, with commas between them, or `*`."
        ) { $0.originsText },
        ConfigurationKey(
            "FITNESSD_MAP_TILES", .programs, .text, .words("unset: a grid"), live: true,
            example: "https://tiles.example.org/{z}/{x}/{y}.png",
            "A server of map tiles for the athletes' pages: browsers then ask it for the tiles of what they show, and it learns where that is."
        ) { $0.mapTiles?.template },
        ConfigurationKey(
            "FITNESSD_FIREBASE_PROJECT", .programs, .text, .words("unset"), example: "my-project-1234",
            "The id of a Firebase project whose ID tokens are accepted: sets the three below."
        ) { $0.firebaseProject },
        ConfigurationKey(
            "FITNESSD_ID_TOKEN_ISSUER", .programs, .text, .words("unset: no ID tokens, API tokens alone"),
            example: "https://accounts.example.org", "Who issues ID tokens (RS256); needs the two below."
        ) { $0.idTokens?.issuer },
        ConfigurationKey(
            "FITNESSD_ID_TOKEN_AUDIENCE", .programs, .text, .words("unset"), example: "fitness-app",
            "The application that ID tokens are for."
        ) { $0.idTokens?.audience },
        ConfigurationKey(
            "FITNESSD_ID_TOKEN_JWKS_URL", .programs, .url, .words("unset"), example: "https://accounts.example.org/jwks.json",
            "Where the issuer's public keys are: https, or http on loopback."
        ) { $0.idTokens?.keysURL },
    ]

    private static let log: [ConfigurationKey] = [
        ConfigurationKey(
            "FITNESSD_LOG_LEVEL", .log, .choice(Logger.Level.allCases.map(\.rawValue)), .value("info"), live: true, example: "debug",
            "The least severe messages that are logged: `trace`, `debug`, `info`, `notice`, `warning`, `error` or `critical`."
        ) { $0.logLevel.rawValue },
        ConfigurationKey(
            "FITNESSD_LOG_FORMAT", .log, .choice(Configuration.LogFormat.allCases.map(\.rawValue)),
            .words("`journal` under systemd, `console` on a terminal, else `json`"), example: "json",
            "The form of log lines: `journal`, `console` or `json`."
        ) { $0.logFormat.rawValue },
    ]
}

/// The values of a setting that turns something on.
enum Switch: String, CaseIterable, Sendable { case on, off }
