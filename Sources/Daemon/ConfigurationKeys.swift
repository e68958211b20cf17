import ControlAPI

/// The names of all settings: any other with the prefix is refused as misspelt. README's table has the same names.
enum ConfigurationKeys {
    static let all = [
        "FITNESSD_DATABASE_URL", "FITNESSD_READER_DATABASE_URL", "FITNESSD_STATE_DIR", "FITNESSD_CONTROL_SOCKET", "FITNESSD_ADMIN_LISTEN",
        "FITNESSD_HTTP_LISTEN", "FITNESSD_PUBLIC_URL", "FITNESSD_OPERATOR_NAME", "FITNESSD_PRIVACY_URL",
        "FITNESSD_STRAVA_CLIENT_ID", "FITNESSD_STRAVA_CLIENT_SECRET", "FITNESSD_STRAVA_API_URL", "FITNESSD_STRAVA_OAUTH_URL",
        "FITNESSD_STRAVA_LIMIT", "FITNESSD_VAULT_KEY", "FITNESSD_REQUESTS_IN_FLIGHT", "FITNESSD_ATHLETES_IN_WORK", "FITNESSD_SAMPLE",
        "FITNESSD_ACTIVITY_ZONES",
        "FITNESSD_RETENTION_API_DAYS", "FITNESSD_RETENTION_VERSION_DAYS", "FITNESSD_WEBHOOK_VERIFY_TOKEN",
        "FITNESSD_ID_TOKEN_ISSUER", "FITNESSD_ID_TOKEN_AUDIENCE", "FITNESSD_ID_TOKEN_JWKS_URL", "FITNESSD_FIREBASE_PROJECT",
        "FITNESSD_CORS_ORIGIN", "FITNESSD_MODEL_ACCESS", "FITNESSD_LOG_LEVEL",
        "FITNESSD_LOG_FORMAT", "FITNESSD_SHARE_DIR",
    ]
    /// Settings whose value may also be in a file that `KEY_FILE` names.
    private static let secrets = [
        "FITNESSD_DATABASE_URL", "FITNESSD_READER_DATABASE_URL", "FITNESSD_STRAVA_CLIENT_SECRET", "FITNESSD_WEBHOOK_VERIFY_TOKEN",
    ]

    private static let prefix = "FITNESSD_"
    private static let known = all + secrets.map { $0 + "_FILE" }

    /// A sentence for each unknown name in the environment. Names without the prefix belong to other programs.
    static func faults(inEnvironment environment: [String: String]) -> [String] {
        environment.keys.sorted().compactMap { name in
            guard name.uppercased().hasPrefix(prefix), !known.contains(name) else { return nil }
            return isInjected(name, environment[name] ?? "") ? nil : sentence(name, place: "in the environment")
        }
    }

    /// A sentence for each unknown name in a settings file, with or without the prefix: nothing else in it would have an effect.
    static func faults(inFile values: [String: String], path: String) -> [String] {
        values.keys.sorted().compactMap { known.contains($0) ? nil : sentence($0, place: "in \(path)") }
    }

    private static func sentence(_ name: String, place: String) -> String {
        let nearest = NearestName.of(stem(name), in: known.map(stem)).map { prefix + $0 }
        let advice = nearest.map { "did you mean \($0)?" } ?? "README has the table of settings; remove it"
        return "\(PlainText.of(name)) \(place) is not a setting of fitnessd: \(advice)"
    }

    /// The name without the prefix that all share and that would make every pair look similar.
    private static func stem(_ name: String) -> String {
        let upper = name.uppercased()
        return upper.hasPrefix(prefix) ? String(upper.dropFirst(prefix.count)) : upper
    }

    /// Whether Kubernetes or Docker has set it: in every container they describe services of this or a longer name, as in
    /// `FITNESSD_SERVICE_HOST`, `FITNESSD_PORT=tcp://…`, `FITNESSD_PORT_8080_TCP_ADDR`, `FITNESSD_DB_SERVICE_PORT`.
    private static func isInjected(_ name: String, _ value: String) -> Bool {
        let stem = name.dropFirst(prefix.count)
        if stem == "PORT" || stem.hasPrefix("PORT_") || stem.hasPrefix("SERVICE_") { return true }
        if stem.contains(#/_SERVICE_(HOST|PORT)(_|$)/#) || stem.contains(#/_PORT_[0-9]+_(TCP|UDP|SCTP)(_|$)/#) { return true }
        return stem.hasSuffix("_PORT") && value.contains(#/^(tcp|udp|sctp):\/\//#)
    }
}
