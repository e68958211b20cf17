import Configuration
import Core
import Foundation
import Synchronization

/// Where settings are read from: the environment, a file of the same keys, and for secrets the files that `KEY_FILE` names and systemd's
/// credentials, in this order. Everything is read once, at the start or at a reload.
struct ConfigurationSource: Sendable {
    /// Where a value comes from.
    enum Origin: Sendable, Equatable {
        case environment
        case file(String)
        /// Named by the key with `_FILE` at its end.
        case secretFile(String)
        case credential(String)
        case standard
    }

    let environment: [String: String]
    /// What is wrong with names and lines, a sentence each.
    let faults: [String]
    private let path: String
    private let secretFiles: SecretFiles
    private let settings: ConfigReader
    private let secrets: ConfigReader
    private let found: FoundValues

    /// - Parameter path: a file of `KEY=value` lines; see `ConfigurationFile`.
    /// - Throws: `ConfigurationError` when the file can't be read.
    init(environment: [String: String] = ProcessInfo.processInfo.environment, path: String?) throws {
        self.environment = environment
        self.path = path ?? ""
        let file = try path.map { try ConfigurationFile(path: $0) }
        let values = file?.values ?? [:]
        secretFiles = SecretFiles(environment: environment, file: values)
        found = FoundValues()
        let plain: [any ConfigProvider] = [
            EnvironmentVariablesProvider(
                environmentVariables: Self.settings(in: environment),
                secretsSpecifier: .dynamic { name, _ in ConfigurationKeys.named(name).isSecret }),
            Self.provider(Self.settings(in: values)),
        ]
        settings = ConfigReader(providers: plain, accessReporter: found)
        secrets = ConfigReader(
            providers: plain + [Self.provider(secretFiles.named), Self.provider(secretFiles.passed)], accessReporter: found)
        faults =
            UnknownKeys.faults(inEnvironment: environment) + (file?.faults ?? []) + UnknownKeys.faults(inFile: values, path: self.path)
            + UnknownKeys.faults(inCredentials: secretFiles.credentials.names)
            + SecretFiles.doubled(in: environment, "the environment") + SecretFiles.doubled(in: values, self.path)
    }

    /// The value of a key, or its default if that is a value. An empty value counts as unset.
    func value(_ key: String) -> String? {
        if let set = settings.string(forKey: ConfigKey([key])) { return set }
        if case .value(let standard) = ConfigurationKeys.named(key).standard { return standard }
        return nil
    }

    /// - Throws: `ConfigurationError` when its file can't be used.
    func secret(_ key: String) throws -> Secret? {
        if let sentence = secretFiles.unusable[key] { throw ConfigurationError(sentence) }
        return secrets.string(forKey: ConfigKey([key]), isSecret: true).map { Secret($0) }
    }

    /// The path of the credential that systemd passes under this key's name; nil: it passes none.
    func credentialPath(_ key: String) -> String? { secretFiles.credentials.path(key) }

    func origin(of key: ConfigurationKey) -> Origin {
        let reader = key.isSecret ? secrets : settings
        guard reader.string(forKey: ConfigKey([key.name]), isSecret: key.isSecret) != nil else {
            return key.isCredential ? credentialPath(key.name).map { .credential($0) } ?? .standard : .standard
        }
        return switch found.place(of: key.name) {
        case 0: .environment
        case 1: .file(path)
        default: secretFiles.origins[key.name] ?? .standard
        }
    }

    /// What of these is a setting and is set.
    private static func settings(in values: [String: String]) -> [String: String] {
        let names = Set(ConfigurationKeys.all.map(\.name))
        return values.filter { names.contains($0.key) && !$0.value.isEmpty }
    }

    private static func provider(_ values: [String: String]) -> InMemoryProvider {
        let pairs = values.map { name, text in
            (AbsoluteConfigKey([name]), ConfigValue(.string(text), isSecret: ConfigurationKeys.named(name).isSecret))
        }
        return InMemoryProvider(values: Dictionary(uniqueKeysWithValues: pairs))
    }
}

/// Notes which provider had the value of a key.
private final class FoundValues: AccessReporter {
    private let places = Mutex<[String: Int]>([:])

    func report(_ event: AccessEvent) {
        guard case .success(.some) = event.result else { return }
        // Providers are asked in order until one has the value.
        places.withLock { $0[event.metadata.key.components.joined()] = event.providerResults.count - 1 }
    }

    func place(of name: String) -> Int? { places.withLock { $0[name] } }
}

/// Secrets in files of their own. Only those that are needed are read: the library's provider for a folder would also read the keyring, which
/// belongs into locked memory alone.
private struct SecretFiles: Sendable {
    /// A secret is a token, a password or a URL; a larger file is the wrong one.
    private static let bytesMax = 64 << 10

    /// Those in files that a key with `_FILE` at its end names.
    private(set) var named: [String: String] = [:]
    /// Those that systemd passes as credentials.
    private(set) var passed: [String: String] = [:]
    private(set) var origins: [String: ConfigurationSource.Origin] = [:]
    /// A sentence for each key whose file can't be used.
    private(set) var unusable: [String: String] = [:]
    let credentials: Credentials

    init(environment: [String: String], file: [String: String]) {
        credentials = Credentials(folder: environment["CREDENTIALS_DIRECTORY"])
        func set(_ name: String) -> String? { [environment, file].lazy.compactMap { $0[name] }.first { !$0.isEmpty } }
        for key in ConfigurationKeys.all.lazy.filter(\.isSecret).map(\.name) where set(key) == nil {
            do {
                if let path = set(key + "_FILE") {
                    origins[key] = .secretFile(path)
                    named[key] = try Self.read(path, namedBy: key + "_FILE")
                } else if let path = credentials.path(key) {
                    origins[key] = .credential(path)
                    passed[key] = try Self.read(path, namedBy: "the credential \(key)")
                }
            } catch { unusable[key] = "\(error)" }
        }
    }

    /// A sentence for each secret that is set and named by a file in one place: which one was meant?
    static func doubled(in values: [String: String], _ place: String) -> [String] {
        ConfigurationKeys.all.filter(\.isSecret).map(\.name).compactMap { key in
            let isDoubled = [key, key + "_FILE"].allSatisfy { values[$0]?.isEmpty == false }
            return isDoubled ? "\(key) and \(key)_FILE are both set in \(place): remove one" : nil
        }
    }

    private static func read(_ path: String, namedBy name: String) throws -> String {
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: bytesMax + 1) ?? Data() else {
            throw ConfigurationError(
                "\(name) names \(path), which can't be read: check that the file exists and that this user may read it")
        }
        guard data.count <= bytesMax else {
            throw ConfigurationError("\(name) names \(path), which is longer than 64 kB: name the file that holds the secret alone")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { throw ConfigurationError("\(name) names \(path), which is empty: write the secret into it") }
        return text
    }
}

/// The files that systemd passes to the service (systemd.exec(5), `LoadCredential=`).
private struct Credentials: Sendable {
    /// `$CREDENTIALS_DIRECTORY`; nil outside systemd.
    let folder: String?

    var names: [String] { folder.flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? [] }

    func path(_ key: String) -> String? {
        guard let folder else { return nil }
        return [key, key.lowercased()].map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }
}
