import Core
import Database
import Foundation

/// The statements that write `sync.connect_state`: one-time OAuth states, kept as hashes.
package enum ConnectStateTable {
    /// Adds a state unless there are too many. Returns how many this client has open, and whether the state was added.
    package static func begin(
        _ state: [UInt8], uid: UID, browser: [UInt8], client: String, countMax: Int, clientCountMax: Int, now: Date, expiresAt: Date
    ) -> SQL {
        """
        WITH counts AS (
            SELECT (SELECT count(*) FROM sync.connect_state) AS everybody,
                (SELECT count(*) FROM sync.connect_state WHERE client = \(client) AND outcome IS NULL) AS client),
        begun AS (
            INSERT INTO sync.connect_state (state_sha256, uid, created_at, expires_at, browser_sha256, client)
            SELECT \(state), \(uid.text), \(now), \(expiresAt), \(browser), \(client)
            FROM counts WHERE everybody < \(countMax) AND client < \(clientCountMax)
            RETURNING 1)
        SELECT client, EXISTS (SELECT FROM begun) FROM counts
        """
    }

    /// Lets one callback at a time finish the connect, and another one if that did not succeed. Returns the uid; no row: refused.
    /// - Parameter takenBefore: a callback that began earlier and has not ended counts as interrupted.
    package static func take(_ state: [UInt8], browser: [UInt8], takenBefore: Date, now: Date) -> SQL {
        """
        UPDATE sync.connect_state SET taken_at = \(now), outcome = NULL
        WHERE state_sha256 = \(state) AND browser_sha256 = \(browser) AND expires_at > \(now)
          AND CASE WHEN outcome IS NULL THEN taken_at IS NULL OR taken_at <= \(takenBefore)
              ELSE outcome ->> 'result' NOT LIKE 'connected%' END
        RETURNING uid
        """
    }

    package static func finish(_ state: [UInt8], outcome: JSONText, expiresAt: Date) -> SQL {
        """
        UPDATE sync.connect_state SET outcome = \(outcome), expires_at = greatest(expires_at, \(expiresAt))
        WHERE state_sha256 = \(state)
        """
    }

    /// Removes expired states, and with them who began them.
    package static func prune(now: Date) -> SQL {
        """
        WITH old AS (SELECT state_sha256 FROM sync.connect_state WHERE expires_at <= \(now) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.connect_state s USING old WHERE s.state_sha256 = old.state_sha256
        """
    }
}
