import Foundation
import TestKit
import Testing

@Suite struct ReadmeTests {
    private var readme: String { SourceTree.shared.file("README.md")?.text ?? "" }

    @Test func `each dependency that is imported is in the table with its reason`() throws {
        let package = try #require(SourceTree.shared.file("Package.swift")).text
        let direct = package[..<(package.range(of: "// Not imported here")?.lowerBound ?? package.endIndex)]
        let urls = direct.matches(of: #/\.package\(url: "([^"]+)"/#).map { String($0.1) }
        #expect(urls.count >= 6)
        for url in urls { #expect(readme.contains("](\(url)) | "), "\(url)") }
        let libraries = package.matches(of: #/\.apt\(\["([^"]+)"\]\)/#).map { String($0.1) }
        for library in libraries + ["libsimdjson-dev"] { #expect(readme.contains("(`\(library)`) | "), "\(library)") }
    }

    @Test func `each setting that is read is in the table or for a later part`() {
        let later: Set<String> = ["FITNESSD_RETENTION_API_DAYS", "FITNESSD_WEBHOOK_VERIFY_TOKEN"]
        let read = SourceTree.shared.sources.filter { $0.text.contains("\"FITNESSD_") }.flatMap {
            $0.text.matches(of: #/"(FITNESSD_[A-Z_]+[A-Z])"/#).map { String($0.1) }
        }
        #expect(!read.isEmpty)
        for key in Set(read).subtracting(later) { #expect(readme.contains("`\(key)`"), "\(key)") }
    }

    @Test func `each link to a file leads to one`() {
        let links = readme.matches(of: #/\]\(([^):]+)\)/#).map { String($0.1) }
        #expect(links.count > 5)
        for link in links { #expect(FileManager.default.fileExists(atPath: checkout.appending(path: link).path), "\(link)") }
    }
}
