import ControlAPI
import Foundation
import TestKit
import Testing

@Suite struct ControlRouteTests {
    private static let openAPI = checkout.appending(path: "Sources/Control/API/openapi.yaml")

    @Test func `the OpenAPI file lists exactly the routes that there are`() throws {
        let described = try Self.describedRoutes(String(contentsOf: Self.openAPI, encoding: .utf8))
        #expect(described == Set(ControlRoute.allCases.map { "\($0.method) \($0.path)" }))
        #expect(described.count == ControlRoute.allCases.count)
    }

    @Test func `the OpenAPI file lists exactly the error codes that there are`() throws {
        let text = try String(contentsOf: Self.openAPI, encoding: .utf8)
        let list = try #require(text.firstMatch(of: /code:\n\s+enum: \[([^\]]+)\]/)).output.1
        let codes = list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(Set(codes) == Set(ControlErrorCode.allCases.map(\.rawValue)))
    }

    @Test func `a path with a number finds the athlete's routes, other words find nothing`() {
        #expect(ControlRoute.matching(path: "/v1/athletes/12") == [.athlete])
        #expect(ControlRoute.matching(path: "/v1/athletes/import") == [.importAthletes])
        #expect(ControlRoute.matching(path: "/v1/athletes/12/pause") == [.pauseAthlete])
        #expect(ControlRoute.matching(path: "/v1/athletes/who") == [])
        #expect(ControlRoute.matching(path: "/v2/status") == [])
    }

    @Test func `a target encodes its query`() {
        let target = ControlTarget(.progressAthlete, athlete: 7, query: [("since", "2026-01-31T12:00:00.000Z"), ("x", "a b&ü")])
        #expect(target.path == "/v1/athletes/7/progress?since=2026-01-31T12%3A00%3A00.000Z&x=a%20b%26%C3%BC")
    }

    /// Paths stand two blanks deep, their methods four.
    private static func describedRoutes(_ yaml: String) throws -> Set<String> {
        var routes: Set<String> = []
        var path = ""
        for line in yaml.split(separator: "\n") {
            if let match = line.wholeMatch(of: #/\ {2}(/[^:]*):/#) { path = String(match.output.1) }
            if let match = line.wholeMatch(of: #/\ {4}(get|post|put|delete|patch):/#) {
                let isNew = routes.insert("\(match.output.1.uppercased()) \(path)").inserted
                try #require(isNew, "\(line) of \(path) stands twice")
            }
        }
        return routes
    }
}
