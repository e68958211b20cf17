import Database
import Foundation

/// What is held of the athlete, and how to end it, for `athlete/account.mustache`.
struct AccountPage: Sendable {
    struct Held: Sendable {
        let what: String
        let many: String
    }

    let base: String
    /// Empty: there is no form.
    let csrf: String
    let held: [Held]
    /// Why the last press of the button did nothing; nil: it was not pressed.
    let fault: String?

    static func read(_ page: PageContext, csrf: String, fault: String?, _ connection: Connection) async throws -> AccountPage {
        let row = try await connection.query(
            """
            SELECT (SELECT count(*) FROM silver.activity WHERE athlete_id = t.id), (SELECT count(*) FROM silver.activity_stream WHERE athlete_id = t.id),
                (SELECT count(*) FROM silver.gear_item WHERE athlete_id = t.id)
            FROM (VALUES (\(page.facts.athlete)::bigint)) AS t (id)
            """)[0]
        let (activities, streams, gear) = try row.decode(Int.self, Int.self, Int.self)
        return AccountPage(
            base: page.base, csrf: csrf,
            held: [
                Held(what: "Profile", many: page.facts.title), Held(what: "Activities", many: Figures.count(activities)),
                Held(what: "Of them with their course", many: Figures.count(streams)),
                Held(what: "Bikes and shoes", many: Figures.count(gear)),
            ], fault: fault)
    }
}
