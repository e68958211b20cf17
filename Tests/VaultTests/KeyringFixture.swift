import Foundation
import TestKit

@testable import Vault

/// Writes keyring files for a test.
struct KeyringFixture {
    let folder: URL

    /// Writes `text` with `mode` and gives its path.
    func write(_ text: String, mode: Int = 0o600, name: String = "keyring") throws -> String {
        let path = folder.appending(path: name).path
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    /// A line with a key whose 32 bytes are all `byte`.
    static func line(_ keyID: String, _ byte: UInt8) -> String {
        "\(keyID) \(Data(repeating: byte, count: 32).base64EncodedString())\n"
    }

    func keyring(_ lines: String...) throws -> Keyring { try Keyring.load(path: try write(lines.joined())) }
}
