import TestKit
import Testing

@testable import Gateway

@Suite struct GatewayMetricTests {
    @Test func `each route has its name in the metrics`() async throws {
        try await withGateway { gateway in
            let routes = gateway.publicRoutes + gateway.adminRoutes
            let families = ["/v1/me", "/me", "/athletes/:athlete"]
            let paths = Set(routes.map(\.path).filter { path in !families.contains { path == $0 || path.hasPrefix($0 + "/") } })
            #expect(paths == Set(GatewayMeters.paths))
        }
    }
}
