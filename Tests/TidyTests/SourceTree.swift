import Foundation
import TestKit

/// The repository's text files, read once.
struct SourceTree {
    struct File: CustomStringConvertible, Sendable {
        /// From the checkout's root, with slashes.
        let path: String
        let text: String
        let lines: [Substring]
        /// The same lines without comments and without what stands in string literals; as they are in files that aren't Swift.
        let code: [Substring]
        let functions: [SwiftFunction]

        init(path: String, text: String) {
            self.path = path
            self.text = text
            lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let code = path.hasSuffix(".swift") ? SwiftCode.strip(text) : text
            self.code = code.split(separator: "\n", omittingEmptySubsequences: false)
            functions = path.hasSuffix(".swift") ? SwiftFunction.all(lines: lines, code: self.code) : []
        }

        var description: String { path }
        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    }

    static let shared = SourceTree()

    let files: [File]

    var swift: [File] { files.filter { $0.path.hasSuffix(".swift") } }
    var sources: [File] { swift.filter { $0.path.hasPrefix("Sources/") } }
    var tests: [File] { swift.filter { $0.path.hasPrefix("Tests/") } }
    var sql: [File] { files.filter { $0.path.hasSuffix(".sql") } }

    func file(_ path: String) -> File? { files.first { $0.path == path } }

    private init() {
        let folders = ["Sources", "Tests", "db", "sql", "web", "systemd", "scripts", "packaging", ".ci"]
        var paths = ["Package.swift", "README.md", "Makefile", "Dockerfile", ".dockerignore", ".swift-format"]
        for folder in folders {
            let inside = FileManager.default.enumerator(atPath: checkout.appending(path: folder).path)
            while let path = inside?.nextObject() as? String { paths.append("\(folder)/\(path)") }
        }
        files = paths.sorted().compactMap { path in
            guard let text = try? String(contentsOf: checkout.appending(path: path), encoding: .utf8) else { return nil }
            return File(path: path, text: text)
        }
    }
}
