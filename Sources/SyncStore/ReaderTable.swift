import Core
import Database

/// The statements around `sync.reader_key`, by which fitnessd binds an athlete to a transaction of the login `fitness_reader`.
package enum ReaderTable {
    /// The two blocks of the key, as HMAC uses them (RFC 2104). For the daemon's own login.
    package static let key: SQL = "SELECT inner_pad, outer_pad FROM sync.reader_key"

    /// Begins a transaction that sees one state of the database throughout.
    package static let begin: SQL = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    /// The transaction's number. Assigned even though nothing is written, since PostgreSQL gives no other transaction the same.
    package static let transaction: SQL = "SELECT pg_current_xact_id()::text::bigint"

    /// Binds `athlete` to the transaction.
    ///
    /// - Parameters:
    ///   - rights: a sum of the numbers of `silver.reader_rights()`.
    ///   - mac: made from both and from the transaction's number.
    package static func bind(_ athlete: AthleteID, rights: Int32, mac: [UInt8]) -> SQL {
        "SELECT silver.bind_reader(\(athlete), \(rights), \(mac))"
    }

    /// Takes on the privileges on places for the transaction. Its rows are shown only where the right was bound, too.
    package static let seePlaces: SQL = "SELECT set_config('role', 'fitness_places', true)"
}
