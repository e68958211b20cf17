import TestKit
import Testing

/// The targets of Package.swift, read from its text.
struct PackageTargets {
    let name: String
    let path: String
    /// Names of targets and of products.
    let dependencies: Set<String>

    static func read() throws -> [PackageTargets] {
        let text = try #require(SourceTree.shared.file("Package.swift")).text
        let start = try #require(text.range(of: "targets: [\n        //"))
        let body = text[start.upperBound...]
        return body.split(separator: #/\n {8}\.(?=target|systemLibrary|executableTarget|testTarget)/#).dropFirst().compactMap(target)
    }

    private static func target(_ text: Substring) -> PackageTargets? {
        guard let name = text.firstMatch(of: #/name: "([^"]+)"/#).map({ String($0.1) }) else { return nil }
        let path = text.firstMatch(of: #/path: "([^"]+)"/#).map { String($0.1) } ?? "Tests/\(name)"
        let list = text.firstMatch(of: #/dependencies: \[((?s).*)\]/#).map { String($0.1) } ?? ""
        let words = list.replacing(#/package: "[^"]+"/#, with: "").matches(of: #/"([^"]+)"/#).map { String($0.1) }
        return PackageTargets(name: name, path: path, dependencies: Set(words).subtracting([path]))
    }
}
