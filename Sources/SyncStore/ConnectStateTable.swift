import Core
import Database
import Foundation

/// The statements that write `sync.connect_state`: one-time OAuth states, kept as hashes.
package enum ConnectStateTable {
    /// What a state is issued for.
    package struct Beginning: Sendable {
        package let uid: UID
        package let linkID: [UInt8]
        package let linkExpiresAt: Date
        /// The only athlete who may use the link once more; nil: the link must be unused.
        package let renewedAthlete: AthleteID?

        package init(uid: UID, linkID: [UInt8], linkExpiresAt: Date, renewedAthlete: AthleteID?) {
            self.uid = uid
            self.linkID = linkID
            self.linkExpiresAt = linkExpiresAt
            self.renewedAthlete = renewedAthlete
        }

        /// A row that begins with uid, link_id, link_expires_at, renewed_athlete; nil: the uid is none.
        package init?(_ row: Row) throws {
            guard let uid = UID(try row.column(0, as: String.self)) else { return nil }
            self.init(
                uid: uid, linkID: try row.column(1), linkExpiresAt: try row.column(2), renewedAthlete: try row.column(3))
        }
    }

    /// Who begins a connect.
    package typealias Beginner = (browser: [UInt8], client: String)
    /// How many states there may be: of everybody, and open ones of one client.
    package typealias Limits = (everybody: Int, client: Int)

    /// Adds a state unless there are too many. Returns how many this client has open, and whether the state was added.
    package static func begin(
        _ state: [UInt8], _ beginning: Beginning, by beginner: Beginner, limits: Limits, now: Date, expiresAt: Date
    ) -> SQL {
        """
        WITH counts AS (
            SELECT (SELECT count(*) FROM sync.connect_state) AS everybody,
                (SELECT count(*) FROM sync.connect_state WHERE client = \(beginner.client) AND outcome IS NULL) AS client),
        begun AS (
            INSERT INTO sync.connect_state (
                state_sha256, uid, link_id, link_expires_at, renewed_athlete, created_at, expires_at, browser_sha256, client)
            SELECT \(state), \(beginning.uid.text), \(beginning.linkID), \(beginning.linkExpiresAt), \(beginning.renewedAthlete), \(now),
                \(expiresAt), \(beginner.browser), \(beginner.client)
            FROM counts WHERE everybody < \(limits.everybody) AND client < \(limits.client)
            RETURNING 1)
        SELECT client, EXISTS (SELECT FROM begun) FROM counts
        """
    }

    /// Lets one callback at a time finish the connect, and another one if that neither succeeded nor asks the person something. Returns the
    /// columns of `Beginning`; no row: refused.
    /// - Parameter takenBefore: a callback that began earlier and has not ended counts as interrupted.
    package static func take(_ state: [UInt8], browser: [UInt8], takenBefore: Date, now: Date) -> SQL {
        """
        UPDATE sync.connect_state SET taken_at = \(now), outcome = NULL
        WHERE state_sha256 = \(state) AND browser_sha256 = \(browser) AND expires_at > \(now)
          AND CASE WHEN outcome IS NULL THEN taken_at IS NULL OR taken_at <= \(takenBefore)
              ELSE outcome ->> 'result' NOT LIKE 'connected%' AND held_grant IS NULL END
        RETURNING uid, link_id, link_expires_at, renewed_athlete
        """
    }

    /// - Parameter held: the sealed grant that waits for the person's decision.
    package static func finish(_ state: [UInt8], outcome: JSONText, held: (keyID: String, bytes: [UInt8])?, expiresAt: Date) -> SQL {
        """
        UPDATE sync.connect_state SET outcome = \(outcome), held_key_id = \(held?.keyID), held_grant = \(held?.bytes),
            expires_at = greatest(expires_at, \(expiresAt))
        WHERE state_sha256 = \(state)
        """
    }

    /// Hands out the held grant, once: whoever gets it finishes the connect. Returns the columns of `Beginning`, the outcome that asked, the key
    /// and the sealed grant; no row: nothing is held.
    package static func release(_ state: [UInt8], browser: [UInt8], now: Date) -> SQL {
        """
        WITH found AS (
            SELECT state_sha256, outcome, held_key_id, held_grant FROM sync.connect_state
            WHERE state_sha256 = \(state) AND browser_sha256 = \(browser) AND expires_at > \(now) AND held_grant IS NOT NULL
            FOR UPDATE)
        UPDATE sync.connect_state s SET taken_at = \(now), outcome = NULL, held_key_id = NULL, held_grant = NULL
        FROM found WHERE s.state_sha256 = found.state_sha256
        RETURNING s.uid, s.link_id, s.link_expires_at, s.renewed_athlete, found.outcome::text, found.held_key_id, found.held_grant
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

/// The statements that write `sync.connect_link`: links that are used up.
package enum ConnectLinkTable {
    /// A link that is used for the second time, by its athlete, is used up already.
    package static func use(_ link: [UInt8], expiresAt: Date, now: Date) -> SQL {
        """
        INSERT INTO sync.connect_link (link_id, used_at, expires_at) VALUES (\(link), \(now), \(expiresAt))
        ON CONFLICT (link_id) DO NOTHING
        """
    }

    /// Removes links that expired before `instant`: they are refused without their row.
    package static func prune(expiredBefore instant: Date) -> SQL {
        """
        WITH old AS (SELECT link_id FROM sync.connect_link WHERE expires_at <= \(instant) FOR UPDATE SKIP LOCKED)
        DELETE FROM sync.connect_link l USING old WHERE l.link_id = old.link_id
        """
    }
}
