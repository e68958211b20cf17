import Foundation
import TestKit
import Testing

/// Package.swift names each package that is built, with one exact version, since a lock file is not kept here.
@Suite struct DependencyTests {
    private struct Resolution: Decodable {
        struct Pin: Decodable {
            struct State: Decodable { let version: String? }
            let location: String
            let state: State
        }
        let pins: [Pin]
    }

    @Test func `what was resolved is what Package.swift pins, to the version`() throws {
        let text = try #require(SourceTree.shared.file("Package.swift")).text
        let declared = text.matches(of: #/\.package\(url: "([^"]+)", exact: "([^"]+)"\)/#).map { (String($0.1), String($0.2)) }
        #expect(declared.count == text.matches(of: #/\.package\(url:/#).count, "each dependency has an exact version")
        let file = TestKit.checkout.appending(path: "Package.resolved")
        let resolved = try JSONDecoder().decode(Resolution.self, from: Data(contentsOf: file)).pins
        let versions = Dictionary(resolved.map { ($0.location, $0.state.version ?? "none") }) { first, _ in first }
        #expect(versions == Dictionary(declared) { first, _ in first })
    }
}
