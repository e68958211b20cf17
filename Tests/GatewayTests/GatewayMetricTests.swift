import TestKit
import Testing

@testable import Gateway

@Suite struct GatewayMetricTests {
    @Test func `each route has its name in the metrics`() async throws {
        try await withGateway { gateway in
            let paths = Set(gateway.publicRoutes.map(\.path).filter { !$0.hasPrefix("/v1/me") } + ["/", "/metrics"])
            #expect(paths == Set(GatewayMeters.paths))
        }
    }
}
