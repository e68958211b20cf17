import Core
import Foundation
import Database
import Gateway
import Governor

extension ProgressReader {
    /// The figures for the gateway's `/metrics` and status page.
    func figures(startedAt: Date) async throws -> GatewayFigures {
        let states = try await database.query("SELECT state, count(*) FROM sync.athlete GROUP BY state")
        var figures = GatewayFigures(version: Version.current, startedAt: startedAt)
        for row in states {
            let (state, count) = try row.decode(String.self, Int.self)
            figures.athleteCountByState[state] = count
        }
        figures.transformBacklogCount = try await database.query("SELECT count(*) FROM sync.transform_work")[0].decode(Int.self)
        figures.quotas = await governor.snapshot().windows.map {
            GatewayFigures.Quota(bucket: .overall, window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit)
        }
        return figures
    }
}
