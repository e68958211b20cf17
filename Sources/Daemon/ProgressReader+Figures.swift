import ControlAPI
import Core
import Foundation
import Database
import Gateway
import Governor
import StravaAPI

extension ProgressReader {
    /// The figures for the gateway's `/metrics` and status page.
    func figures(startedAt: Date, calls: [CallTally.Kind: Int]) async throws -> GatewayFigures {
        var figures = try await GatewayFigures.load(from: database)
        (figures.version, figures.startedAt) = (ProductVersion.current, startedAt)
        figures.requests = calls.map {
            GatewayFigures.Requests(endpoint: $0.key.endpoint, status: $0.key.status.map { "\($0)" } ?? "none", count: $0.value)
        }
        .sorted { ($0.endpoint, $0.status) < ($1.endpoint, $1.status) }
        figures.quotas = await governor.snapshot().windows.map {
            GatewayFigures.Quota(bucket: .overall, window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit)
        }
        return figures
    }
}
