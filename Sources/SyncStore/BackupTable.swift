import Core
import Database
import Foundation

/// The statements that write `sync.backup`.
package enum BackupTable {
    /// How long a row is kept.
    private static let kept = "1 year"

    /// Notes a backup that is stored, and removes old notes. A repeated note changes nothing.
    ///
    /// - Parameters:
    ///   - takenAt: the backup holds the database as it was then.
    ///   - sha256: of its file; nil: not known.
    package static func note(
        _ backup: UUID, takenAt: Date, storedAt: Date, madeBy: String, bytes: Int64?, sha256: [UInt8]?
    ) -> [SQL] {
        [
            """
            INSERT INTO sync.backup (backup_id, taken_at, stored_at, made_by, bytes, sha256)
            VALUES (\(backup), \(takenAt), \(storedAt), \(madeBy), \(bytes), \(sha256))
            ON CONFLICT (backup_id) DO NOTHING
            """,
            "DELETE FROM sync.backup WHERE taken_at < \(storedAt)::timestamptz - interval '\(raw: kept)'",
        ]
    }
}
