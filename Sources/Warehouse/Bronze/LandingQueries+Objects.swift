import Core
import Database
import Foundation

/// The ledger of the athlete's own objects.
extension LandingQueries {
    static func objects(_ plans: [LandingPlan], now: Date) -> [SQL] {
        let uses = plans.flatMap { plan in newest(plan.batch.batch.gearUses).map { (plan.batch.athleteID, $0) } }
        let changes = plans.flatMap { plan in plan.batch.batch.objects.map { (plan.batch.athleteID, $0) } }
        let landed = changes.filter { $0.1.state == .landed }.map { ($0, $1.object.kind.rawValue, $1.object.answerID($0)) }
        return (uses.isEmpty ? [] : [use(uses)]) + (changes.isEmpty ? [] : [change(changes, now: now)])
            + (landed.isEmpty ? [] : [takeOff(landed)])
    }

    /// Of each gear its newest activity.
    private static func newest(_ uses: [GearUse]) -> [GearUse] {
        Dictionary(uses.map { ($0.gear, $0) }) { $0.startAt < $1.startAt ? $1 : $0 }.values.sorted { $0.gear.name < $1.gear.name }
    }

    /// Writes nothing when nothing is new: each list names the same gear again.
    private static func use(_ uses: [(AthleteID, GearUse)]) -> SQL {
        """
        INSERT INTO sync.athlete_object AS t (athlete_id, endpoint, object, used_at)
        SELECT athlete_id, 'gear', object, used_at
        FROM unnest(\(uses.map(\.0)), \(uses.map(\.1.gear.name)), \(uses.map(\.1.startAt))) AS w(athlete_id, object, used_at)
        ORDER BY athlete_id, object
        ON CONFLICT (athlete_id, endpoint, object) DO UPDATE SET used_at = excluded.used_at
        WHERE t.used_at IS NULL OR t.used_at < excluded.used_at
        """
    }

    private static func change(_ all: [(AthleteID, ObjectChange)], now: Date) -> SQL {
        let changes = all.map(\.1)
        return """
            INSERT INTO sync.athlete_object AS t (athlete_id, endpoint, object, state, reason, attempts, next_try_at, checked_at)
            SELECT athlete_id, endpoint, object, state, reason, CASE WHEN state = 'failed' THEN 1 ELSE 0 END, next_try_at, \(now)
            FROM unnest(\(all.map(\.0)), \(changes.map(\.object.kind.rawValue)), \(changes.map(\.object.name)),
                        \(changes.map(\.state.rawValue)), \(SQLArray(changes.map(\.reason))), \(SQLArray(changes.map(\.nextTryAt))))
                AS w(athlete_id, endpoint, object, state, reason, next_try_at)
            ORDER BY athlete_id, endpoint, object
            ON CONFLICT (athlete_id, endpoint, object) DO UPDATE SET
                state = excluded.state, reason = excluded.reason, next_try_at = excluded.next_try_at, checked_at = excluded.checked_at,
                attempts = CASE WHEN excluded.state = 'failed' THEN t.attempts + 1 ELSE 0 END
            """
    }
}
