import ControlAPI
import Database
import Foundation
import Hummingbird

extension ControlRoutes {
    func history(_ athlete: Int64?, _ request: Request) async throws -> HistoryMessage {
        if let athlete { _ = try await self.athlete(athlete) }
        let max = Int64(HistoryMessage.pageMax)
        let before = try RequestReading.integer(request, "before", in: 1...Int64.max) ?? Int64.max
        let limit = Int(try RequestReading.integer(request, "limit", in: 1...max) ?? max)
        let since = try RequestReading.timeIfGiven(request, "since") ?? .distantPast
        let onlyFailed = try RequestReading.flag(request, "failed")
        let rows = try await dependencies.database.query(
            athlete.map { Self.turns(of: $0, before, since, onlyFailed, limit + 1) } ?? Self.turns(before, since, onlyFailed, limit + 1))
        let runs = try rows.prefix(limit).map(HistoryMessage.EndedTurn.init)
        return HistoryMessage(runs: runs, nextBefore: rows.count > limit ? runs.last?.runID : nil)
    }

    private static let columns = "run_id, athlete_id, kind, started_at, finished_at, requests, landed, outcome, error"

    private static func turns(_ before: Int64, _ since: Date, _ onlyFailed: Bool, _ limit: Int) -> SQL {
        """
        SELECT \(raw: columns) FROM sync.run
        WHERE run_id < \(before) AND finished_at >= \(since) AND (outcome = 'failed' OR NOT \(onlyFailed)) ORDER BY run_id DESC LIMIT \(limit)
        """
    }

    private static func turns(of athlete: Int64, _ before: Int64, _ since: Date, _ onlyFailed: Bool, _ limit: Int) -> SQL {
        """
        SELECT \(raw: columns) FROM sync.run
        WHERE athlete_id = \(athlete) AND run_id < \(before) AND finished_at >= \(since) AND (outcome = 'failed' OR NOT \(onlyFailed))
        ORDER BY run_id DESC LIMIT \(limit)
        """
    }
}

extension HistoryMessage.EndedTurn {
    fileprivate init(_ row: Row) throws {
        let (run, athlete, kind, startedAt, finishedAt, calls, landed, outcome, error) = try row.decode(
            Int64.self, Int64.self, String.self, Date.self, Date.self, Int.self, Int.self, String.self, String?.self)
        self.init(
            runID: run, athleteID: athlete, kind: kind, startedAt: startedAt, finishedAt: finishedAt, calls: calls, landed: landed,
            outcome: outcome, error: error)
    }
}
