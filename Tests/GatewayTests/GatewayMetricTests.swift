import TestKit
import Testing

@testable import Gateway

@Suite struct GatewayMetricTests {
    @Test func `each route has its name in the metrics`() async throws {
        try await withGateway { gateway in
            let routes = gateway.publicRoutes + gateway.adminRoutes
            let paths = Set(routes.map(\.path).filter { !$0.hasPrefix("/v1/me") })
            #expect(paths == Set(GatewayMeters.paths))
        }
    }
}
