import Foundation
import TestKit
import Testing

@Suite struct LinkTests {
    /// The documents of the checkout, from its root; build products and hidden folders other than `.github` are left out.
    private func documents() throws -> [String] {
        let root = try FileManager.default.contentsOfDirectory(atPath: checkout.path)
        let folders = root.filter { !$0.hasPrefix(".") || $0 == ".github" }
        return folders.flatMap { name -> [String] in
            if name.hasSuffix(".md") { return [name] }
            let inside = FileManager.default.enumerator(atPath: checkout.appending(path: name).path)
            return (inside?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".md") }.map { "\(name)/\($0)" }
        }
    }

    @Test func `each relative link of a document leads to a file`() throws {
        let documents = try documents()
        #expect(documents.count > 8)
        var links = 0
        for document in documents {
            let file = checkout.appending(path: document)
            for (number, line) in try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated()
            {
                for link in line.matches(of: #/\]\(([^)#]+)(#[^)]*)?\)/#) where !link.1.contains("://") {
                    links += 1
                    let target = file.deletingLastPathComponent().appending(path: String(link.1))
                    #expect(FileManager.default.fileExists(atPath: target.path), "\(document):\(number + 1) \(link.1)")
                }
            }
        }
        #expect(links > 20)
    }
}
