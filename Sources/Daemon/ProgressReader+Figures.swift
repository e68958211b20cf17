import Core
import Foundation
import Database
import Gateway
import Governor

extension ProgressReader {
    /// The figures for the gateway's `/metrics` and status page.
    func figures(startedAt: Date) async throws -> GatewayFigures {
        var figures = try await GatewayFigures.load(from: database)
        (figures.version, figures.startedAt) = (Version.current, startedAt)
        figures.quotas = await governor.snapshot().windows.map {
            GatewayFigures.Quota(bucket: .overall, window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit)
        }
        return figures
    }
}
