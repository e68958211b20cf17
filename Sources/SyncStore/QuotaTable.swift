import Database
import Foundation

/// The statement that writes the quota ledger (`sync.quota_limit`, `sync.quota_window`, `sync.quota_block`).
package enum QuotaTable {
    /// What one instance reports about a window: calls included in the usage, overall usage, read usage, calls of all instances that are included.
    package typealias Counts = [Int64]

    /// Closes a quarter hour for all instances, as if Strava had refused a call in it, because the database was restored.
    package static func close(quarterAt: Date) -> SQL {
        """
        INSERT INTO sync.quota_window (span, starts_at, overall_limit, read_limit, exhausted)
        SELECT 'quarter', \(quarterAt), coalesce(max(quarter_overall), 1), coalesce(max(quarter_read), 0), true FROM sync.quota_limit
        ON CONFLICT (span, starts_at) DO UPDATE SET exhausted = true
        """
    }

    /// One exchange of an instance with the ledger (function `sync.quota_turn`): reports its totals and asks for calls.
    /// - Parameters:
    ///   - limits: nine numbers: quarter overall and read, day overall and read, the same four before a doubt, and since when it lasts; 0
    ///     means absent.
    package static func turn(
        of instance: UUID, quarterAt: Date, dayAt: Date, sequence: Int, kept: Int, settled: Int, want: Int, wantsProbe: Bool,
        quarter: (counts: Counts, isExhausted: Bool), day: (counts: Counts, isExhausted: Bool), limits: [Int64], limitsSeenAt_s: Double
    ) -> SQL {
        """
        SELECT granted, is_probe, quarter_counts, day_counts, quarter_exhausted, day_exhausted, limits, limits_seen_at_s, probed_at
        FROM sync.quota_turn(\(instance), \(quarterAt), \(dayAt), \(sequence),
            \(kept), \(settled), \(want), \(wantsProbe), \(quarter.counts), \(day.counts),
            \(quarter.isExhausted), \(day.isExhausted), \(limits), \(limitsSeenAt_s))
        """
    }
}
