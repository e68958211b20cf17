import ArgumentParser
import ControlAPI
import Foundation

/// `fitnessd config`: the settings in force and where each comes from.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the settings in force, and where each comes from.",
        discussion: """
            Secrets are never shown, nor passwords in URLs. Values come from the environment, from the file of --config, and secrets also from \
            files that a key with _FILE at its end names and from systemd's credentials, in this order.

            Exit code 1 when a setting can't be used, with a sentence for each.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(name: .customLong("list-settings"), help: "Print the table of all settings as JSON: default, limits, meaning. Reads no setting.")
    var listsSettings = false

    @Flag(help: "Show the settings of a service of systemd. Root only.")
    var unit = false

    @Argument(help: ArgumentHelp("The service for --unit.", valueName: "name"))
    var name: String?

    func validate() throws {
        if name != nil, !unit { throw ValidationError("A name goes with --unit.") }
        if unit, common.config != nil { throw ValidationError("With --unit the unit says where settings are read from.") }
    }

    func run() async throws {
        if unit {
            let findings = CheckFindings(isQuiet: true)
            UnitCheck(name: name, command: ["config"] + (json ? ["--json"] : []), findings: findings).run()
            if findings.count > 0 { throw ExitCode(1) }
            return
        }
        if listsSettings { return try Self.print(SettingList(settings: ConfigurationKeys.all.map(SettingDescription.init))) }
        let source = try common.source()
        let configuration = try Configuration(source)
        let settings = try ConfigurationKeys.all.map { try ShownSetting($0, configuration, source) }
        if json { return try Self.print(ShownSettings(settings: settings)) }
        let width = settings.map(\.key.count).max() ?? 0
        for setting in settings {
            let key = setting.key.padding(toLength: width, withPad: " ", startingAt: 0)
            Swift.print("\(key)  \(PlainText.of(setting.value ?? "-"))  (\(PlainText.of(setting.from)))")
        }
    }

    private static func print(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        Swift.print(PlainText.escapingJSON(String(decoding: try encoder.encode(value), as: UTF8.self)))
    }
}

private struct ShownSettings: Encodable {
    let settings: [ShownSetting]
}

/// A setting's value and where it comes from, safe to be shown.
private struct ShownSetting: Encodable {
    let key: String
    /// Nil: unset.
    let value: String?
    /// `environment`, `file`, `secret_file`, `credential` or `default`.
    let source: String
    /// The file it was read from.
    let path: String?
    let isSecret: Bool
    let isReloadable: Bool

    private enum CodingKeys: String, CodingKey {
        case key, value, source, path
        case isSecret = "secret"
        case isReloadable = "reloadable"
    }

    init(_ key: ConfigurationKey, _ configuration: Configuration, _ source: ConfigurationSource) throws {
        self.key = key.name
        isSecret = key.isSecret
        isReloadable = key.isReloadable
        let origin = source.origin(of: key)
        switch origin {
        case .environment: (self.source, path) = ("environment", nil)
        case .file(let file): (self.source, path) = ("file", file)
        case .secretFile(let file): (self.source, path) = ("secret_file", file)
        case .credential(let file): (self.source, path) = ("credential", file)
        case .standard: (self.source, path) = ("default", nil)
        }
        value =
            try key.isSecret ? source.secret(key.name).map { MaskedText.secret($0.reveal()) } : key.shown(configuration).map(MaskedText.of)
    }

    /// As a person reads it.
    var from: String {
        switch source {
        case "secret_file": "\(key)_FILE, \(path ?? "")"
        default: path.map { "\(source) \($0)" } ?? source
        }
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(key, forKey: .key)
        // Present and null when it is unset.
        try fields.encode(value, forKey: .value)
        try fields.encode(source, forKey: .source)
        try fields.encodeIfPresent(path, forKey: .path)
        try fields.encode(isSecret, forKey: .isSecret)
        try fields.encode(isReloadable, forKey: .isReloadable)
    }
}

/// Values without what is secret in them.
enum MaskedText {
    private static let mask = "***"

    /// Of a secret only what is certain to be none: of a URL of PostgreSQL all but the password and the options that may hold one.
    static func secret(_ text: String) -> String {
        // Whatever is not exactly of this form could hold a password anywhere.
        let scheme = #/postgres(ql)?:\/\//#
        let user = #/([A-Za-z0-9_.~%\-]+)(:[^@\/?#\s]*)?@/#
        let place = #/([A-Za-z0-9_.%\-]+|\[[0-9A-Fa-f:.%]+\])?(:[0-9]{1,5})?(,([A-Za-z0-9_.%\-]+)(:[0-9]{1,5})?)*(\/[A-Za-z0-9_.~%\-]*)?/#
        guard let start = text.prefixMatch(of: scheme) else { return mask }
        var (shown, rest) = (String(start.0), text[start.range.upperBound...])
        if let found = rest.prefixMatch(of: user) {
            shown += "\(found.1)" + (found.2 == nil ? "@" : ":\(mask)@")
            rest = rest[found.range.upperBound...]
        }
        guard let found = rest.prefixMatch(of: place) else { return mask }
        shown.append(contentsOf: found.0)
        rest = rest[found.range.upperBound...]
        if rest.isEmpty { return shown }
        return rest.first == "?" && !rest.contains(where: { "@#".contains($0) || $0.isWhitespace }) ? shown + options(rest) : mask
    }

    /// Of another value all but passwords in URLs, which no setting should have, and the values after a question mark, which may be keys.
    static func of(_ text: String) -> String {
        let user = #/:\/\/[^\/?#]*@/#
        guard text.contains("://") else { return text }
        let masked = text.replacing(user, with: "://\(mask)@")
        guard let question = masked.firstIndex(of: "?") else { return masked }
        return masked[..<question] + options(masked[question...])
    }

    /// `?name=value&name=value`, with the values of names that are known to be harmless.
    private static func options(_ query: Substring) -> String {
        let harmless = ["sslmode", "application_name", "connect_timeout", "target_session_attrs", "host", "port", "channel_binding"]
        let secret = ["password", "sslpassword", "sslkey", "sslcert", "passfile", "options", "user", "dbname", "key", "token"]
        let options = query.dropFirst().split(separator: "&").map { option in
            let name = String(option.prefix { $0 != "=" })
            if harmless.contains(name) { return String(option) }
            // What has no known name may be part of a password.
            return secret.contains(name) ? "\(name)=\(mask)" : mask
        }
        return "?" + options.joined(separator: "&")
    }
}

private struct SettingList: Encodable {
    let settings: [SettingDescription]
}

/// A setting as the manual page, `fitnessd.env` and README describe it.
private struct SettingDescription: Encodable {
    let key: String
    let group: String
    /// `text`, `path`, `url`, `address`, `number`, `choice` or `list`.
    let kind: String
    let min: Int?
    let max: Int?
    let values: [String]?
    /// The value that an unset setting has; nil: `unset` says what happens.
    let standard: String?
    let unset: String?
    let secret: Bool
    /// Whether systemd may pass it as a credential of the key's name.
    let credential: Bool
    let reloadable: Bool
    let meaning: String
    let example: String?

    private enum CodingKeys: String, CodingKey {
        case key, group, kind, min, max, values, unset, secret, credential, reloadable, meaning, example
        case standard = "default"
    }

    init(_ setting: ConfigurationKey) {
        key = setting.name
        group = setting.group.rawValue
        var (min, max, values): (Int?, Int?, [String]?) = (nil, nil, nil)
        switch setting.kind {
        case .text: kind = "text"
        case .path: kind = "path"
        case .url: kind = "url"
        case .address: kind = "address"
        case .list: kind = "list"
        case .number(let range): (kind, min, max) = ("number", range.lowerBound, range.upperBound)
        case .choice(let all): (kind, values) = ("choice", all)
        }
        (self.min, self.max, self.values) = (min, max, values)
        switch setting.standard {
        case .value(let value): (standard, unset) = (value, nil)
        case .words(let words): (standard, unset) = (nil, words)
        }
        secret = setting.isSecret
        credential = setting.isCredential
        reloadable = setting.isReloadable
        meaning = setting.meaning
        example = setting.example
    }
}
