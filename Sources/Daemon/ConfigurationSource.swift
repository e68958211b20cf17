import Core
import Foundation

/// Where settings are read from: the environment, then a file of the same keys, then systemd's credentials for secrets.
struct ConfigurationSource: Sendable {
    let environment: [String: String]
    let file: [String: String]

    /// A key file holds a token or a password: no more is read of it.
    private static let secretBytesMax = 64 << 10

    /// What is wrong with names and lines, a sentence each.
    let faults: [String]

    /// - Parameter path: a file of `KEY=value` lines; see `ConfigurationFile`.
    /// - Throws: `ConfigurationError` when the file can't be read.
    init(environment: [String: String] = ProcessInfo.processInfo.environment, path: String?) throws {
        self.environment = environment
        let unknown = ConfigurationKeys.faults(inEnvironment: environment)
        guard let path else {
            (file, faults) = ([:], unknown)
            return
        }
        let read = try ConfigurationFile(path: path)
        file = read.values
        faults = unknown + read.faults + ConfigurationKeys.faults(inFile: read.values, path: path)
    }

    /// The value of a key; an empty value counts as unset.
    func value(_ key: String) -> String? {
        for candidate in [environment[key], file[key]] {
            if let candidate, !candidate.isEmpty { return candidate }
        }
        return nil
    }

    /// A secret: the key itself, the file that `KEY_FILE` names, or the systemd credential of the same name.
    func secret(_ key: String) throws -> Secret? {
        if let direct = value(key) { return Secret(direct) }
        if let path = value(key + "_FILE") { return try ConfigurationSource.secretFile(path, key: key + "_FILE") }
        for name in [key, key.lowercased()] {
            guard let folder = environment["CREDENTIALS_DIRECTORY"] else { break }
            let path = folder + "/" + name
            if FileManager.default.fileExists(atPath: path) { return try ConfigurationSource.secretFile(path, key: key) }
        }
        return nil
    }

    /// The path of a credential file that systemd passed under this key's name.
    func credentialPath(_ key: String) -> String? {
        guard let folder = environment["CREDENTIALS_DIRECTORY"] else { return nil }
        return [key, key.lowercased()].map { folder + "/" + $0 }.first { FileManager.default.fileExists(atPath: $0) }
    }

    private static func secretFile(_ path: String, key: String) throws -> Secret {
        guard let data = FileManager.default.contents(atPath: path), data.count <= secretBytesMax else {
            throw ConfigurationError("\(key) names \(path), which can't be read: check that the file exists and that this user may read it")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if text.isEmpty { throw ConfigurationError("\(key) names \(path), which is empty: write the secret into it") }
        return Secret(text)
    }
}
