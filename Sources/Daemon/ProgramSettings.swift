import Gateway
import Identity

/// Settings for programs that reach the daemon over HTTP: who issues ID tokens, and which web applications may call from a browser.
enum ProgramSettings {
    /// Nil: no ID tokens.
    ///
    /// - Throws: `ConfigurationError` or `IDTokenIssuerError` with a sentence.
    static func idTokens(_ source: ConfigurationSource) throws -> IDTokenIssuer? {
        let keys: [IDTokenIssuerError.Setting] = [.issuer, .audience, .keysURL]
        let values = keys.map { source.value($0.rawValue) }
        let firebase = IDTokenIssuerError.Setting.firebaseProject.rawValue
        if let project = source.value(firebase) {
            guard values.allSatisfy({ $0 == nil }) else {
                throw ConfigurationError("\(firebase) sets what \(names(keys)) would: remove it, or the others")
            }
            return try IDTokenIssuer(firebaseProject: project)
        }
        if values.allSatisfy({ $0 == nil }) { return nil }
        guard let issuer = values[0], let audience = values[1], let keysURL = values[2] else {
            throw ConfigurationError("ID tokens need all of \(names(keys)): set all three, or \(firebase), or none")
        }
        return try IDTokenIssuer(issuer: issuer, audience: audience, keysURL: keysURL)
    }

    static func origins(_ source: ConfigurationSource) throws -> AllowedOrigins {
        try source.value("FITNESSD_CORS_ORIGIN").map(AllowedOrigins.init) ?? .none
    }

    static func mapTiles(_ source: ConfigurationSource) throws -> MapTiles? {
        guard let text = source.value("FITNESSD_MAP_TILES") else { return nil }
        guard let tiles = MapTiles(text) else { throw ConfigurationError("FITNESSD_MAP_TILES \(MapTiles.rule)") }
        return tiles
    }

    private static func names(_ keys: [IDTokenIssuerError.Setting]) -> String {
        let names = keys.map(\.rawValue)
        return names.dropLast().joined(separator: ", ") + " and " + (names.last ?? "")
    }
}
