import Foundation
import HTTPTransport
import TestKit
import Testing

@testable import Gateway

/// `Sources/Gateway/openapi.yaml` against the routes and their answers.
@Suite struct OpenAPITests {
    private static let text = try? String(contentsOf: checkout.appending(path: "Sources/Gateway/openapi.yaml"), encoding: .utf8)

    @Test func `the OpenAPI file lists exactly the public routes`() async throws {
        let text = try #require(Self.text)
        var described: Set<String> = []
        var path = ""
        for line in text.split(separator: "\n") {
            if let match = line.wholeMatch(of: #/\ {2}(/[^:]*):/#) { path = String(match.output.1) }
            if let match = line.wholeMatch(of: #/\ {4}(get|post|put|delete|patch|options):/#) {
                #expect(described.insert("\(match.output.1.uppercased()) \(path)").inserted, "\(line) of \(path) stands twice")
            }
        }
        try await withGateway { gateway in
            let routes = gateway.publicRoutes.map { route in
                let parts = route.path.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }
                return "\(route.method.rawValue) /" + parts.joined(separator: "/")
            }
            #expect(described == Set(routes))
        }
    }

    @Test func `each field of each answer is described`() async throws {
        let text = try #require(Self.text)
        let described = Set(text.matches(of: #/(?:^|[ {,])([a-z_0-9.]+):/#.anchorsMatchLineEndings()).map { String($0.1) })
        func fields(_ value: Any) -> Set<String> {
            if let list = value as? [Any] { return list.reduce(into: []) { $0.formUnion(fields($1)) } }
            guard let object = value as? [String: Any] else { return [] }
            return object.reduce(into: Set(object.keys)) { $0.formUnion(fields($1.value)) }
        }
        try await MeFixture.with { me in
            for path in MeTests.reading {
                let found = fields(try await me.json(path))
                #expect(!found.isEmpty && found.subtracting(described).isEmpty, "\(path): \(found.subtracting(described).sorted())")
            }
        }
    }
}
