import Database
import Foundation
import SyncStore

/// The size of the database and how fast it grows, from measures that the housekeeper makes.
public struct DatabaseSize: Sendable, Equatable {
    private static let day_s = 86_400.0
    /// The growth is told over this time, in seconds.
    private static let window_s = 7 * 86_400.0

    public let bytes: Int64
    /// Mean growth in a day over the last week; nil until it was measured for a day.
    public let growthPerDayBytes: Int64?

    /// Nil: not measured yet.
    ///
    /// - Throws: `DatabaseError`.
    public static func read(_ database: Database, now: Date) async throws -> DatabaseSize? {
        let rows = try await database.query(
            """
            SELECT measured_at, bytes FROM sync.database_size WHERE measured_at > \(now.addingTimeInterval(-window_s - day_s))
            ORDER BY measured_at
            """)
        let measures = try rows.map { try $0.decode(Date.self, Int64.self) }
        guard let last = measures.last else {
            let older = try await database.query("SELECT bytes FROM sync.database_size ORDER BY measured_at DESC LIMIT 1")
            return try older.first.map { DatabaseSize(bytes: try $0.decode(Int64.self), growthPerDayBytes: nil) }
        }
        let first = measures[0]
        let days = last.0.timeIntervalSince(first.0) / day_s
        let growth = days >= 1 ? Int64(exactly: ((Double(last.1) - Double(first.1)) / days).rounded()) : nil
        return DatabaseSize(bytes: last.1, growthPerDayBytes: growth)
    }

    /// Measures the database, which reads the sizes of all its files, and forgets measures that are older than a month.
    static func measure(_ database: Database, now: Date) async throws {
        try await database.query(DatabaseSizeTable.measure(now: now))
        try await database.query(DatabaseSizeTable.prune(now: now))
    }
}
