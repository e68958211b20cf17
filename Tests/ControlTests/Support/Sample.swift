import Core
import Database
import Foundation
import StravaAPI

@testable import ControlServer

/// Athletes and activities in a known state.
extension ControlHarness {
    func addAthlete(_ id: Int64, uid: UID? = nil) async throws {
        let grant = TokenGrant(
            accessToken: Secret("access-\(id)"), refreshToken: Secret("refresh-\(id)"), expiresAt: Date(timeIntervalSinceNow: 3_600),
            athleteID: AthleteID(id), scope: ["read"])
        _ = try await registry.register(grant, athlete: AthleteID(id), uid: uid, scope: "read,activity:read_all")
    }

    /// An activity with detail landed and streams in `streams`.
    func addActivity(_ athlete: Int64, _ activity: Int64, streams: String) async throws {
        let start = Date(timeIntervalSince1970: 1_700_000_000 + Double(activity))
        _ = try await database.query(
            """
            INSERT INTO sync.activity (athlete_id, activity_id, start_at, fingerprint)
            VALUES (\(athlete), \(activity), \(start), \([UInt8](repeating: 1, count: 32)))
            """)
        for (endpoint, state) in [("detail", "landed"), ("streams", streams)] {
            _ = try await database.query(
                """
                INSERT INTO sync.completeness (athlete_id, activity_id, endpoint, state, start_at)
                VALUES (\(athlete), \(activity), \(endpoint), \(state), \(start))
                """)
        }
    }

    /// Writes what a turn writes at its end: the request is fulfilled, nothing is due.
    func endTurn(_ athlete: Int64, error: String? = nil) async throws {
        let now = Date()
        _ = try await database.query(
            "UPDATE sync.completeness SET state = 'landed' WHERE athlete_id = \(athlete) AND state IN ('pending', 'failed')")
        _ = try await database.query(
            """
            UPDATE sync.schedule SET request = NULL, last_finished_at = \(now), last_error = \(error),
                due_at = \(now.addingTimeInterval(3_600)) WHERE athlete_id = \(athlete)
            """)
    }
}
