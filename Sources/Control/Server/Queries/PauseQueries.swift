import ControlAPI
import Database
import Foundation

/// The pause of everything, as `sync.setting` has it.
struct PauseQueries: Sendable {
    let database: Database

    /// Nil: nothing is paused as a whole.
    func everything(now: Date) async throws -> PauseMessage? {
        let rows = try await database.query(
            """
            SELECT nullif((u.value #>> '{}')::timestamptz, 'infinity'), nullif(r.value #>> '{}', '')
            FROM sync.setting u LEFT JOIN sync.setting r ON r.key = 'pause_reason'
            WHERE u.key = 'paused_until' AND (u.value #>> '{}')::timestamptz > \(now)
            """)
        return try rows.first.map { row in
            let (until, reason) = try row.decode(Date?.self, String?.self)
            return PauseMessage(until: until, reason: reason)
        }
    }
}
