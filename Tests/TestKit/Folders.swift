import Foundation

/// The root folder of the checkout.
public let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Lends an empty folder with a short path and removes it afterwards.
///
/// Its mode is 0711: a server that drops from root to another account must pass through.
public func withTemporaryFolder<Answer>(
    isolation: isolated (any Actor)? = #isolation, _ body: (URL) async throws -> Answer
) async throws -> Answer {
    let folder = try makeTemporaryFolder(prefix: "fitnessd-test-folder-")
    let answer: Answer
    do { answer = try await body(folder) } catch {
        try? FileManager.default.removeItem(at: folder)
        throw error
    }
    try FileManager.default.removeItem(at: folder)
    return answer
}

func makeTemporaryFolder(prefix: String, in root: URL = temporaryRoot) throws -> URL {
    let folder = root.appending(path: prefix + String(UInt32.random(in: .min ... .max), radix: 36))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
    return folder
}

/// Not `TMPDIR`: paths of sockets have 107 bytes.
let temporaryRoot = URL(filePath: "/tmp")
