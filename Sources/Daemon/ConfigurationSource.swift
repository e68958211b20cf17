import Core
import Foundation

/// Where settings are read from: the environment, then a file of the same keys, then systemd's credentials for secrets.
struct ConfigurationSource: Sendable {
    let environment: [String: String]
    let file: [String: String]

    /// A key file holds a token or a password: no more is read of it.
    private static let secretBytesMax = 64 << 10

    /// - Parameter path: a file of `KEY=value` lines (`#` begins a comment), the shape of systemd's EnvironmentFile.
    init(environment: [String: String] = ProcessInfo.processInfo.environment, path: String?) throws {
        self.environment = environment
        file = try path.map { try ConfigurationSource.read($0) } ?? [:]
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

    private static func read(_ path: String) throws -> [String: String] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError("the configuration file \(path) can't be read: check its path and permissions")
        }
        var values: [String: String] = [:]
        for (index, line) in String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let mark = line.firstIndex(of: "="), mark != line.startIndex else {
                throw ConfigurationError("line \(index + 1) of \(path) is not KEY=value")
            }
            values[String(line[..<mark])] = unquoted(String(line[line.index(after: mark)...]))
        }
        return values
    }

    private static func unquoted(_ value: String) -> String {
        guard value.count >= 2, let first = value.first, first == value.last, first == "\"" || first == "'" else { return value }
        return String(value.dropFirst().dropLast())
    }
}

/// A setting that can't be used; one sentence that names the key and says what to do.
struct ConfigurationError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
