import Core
import Database
import Foundation
import SyncStore

/// Takes requests to make silver anew: each is written to PostgreSQL, then the silver runner is poked.
public struct RebuildDesk: Sendable {
    private let database: Database

    public init(database: Database) { self.database = database }

    /// Asks for a rebuild of an athlete's silver (of everyone's: nil) from bronze, or for a dry run. Answers how many athletes it reached.
    ///
    /// No call to Strava is made. One that waits already keeps its place; one that is in work is done once more after it.
    /// - Parameter now: the time of the request; the report is found by it.
    @discardableResult
    public func request(_ athlete: AthleteID?, isDryRun: Bool, now: Date) async throws -> Int {
        let rows = try await database.query(SilverRebuildTable.request(athlete, isDryRun: isDryRun, now: now))
        return try rows[0].decode(Int.self)
    }
}
