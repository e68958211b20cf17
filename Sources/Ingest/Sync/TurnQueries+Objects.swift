import Database
import Foundation
import Warehouse

extension TurnQueries {
    /// Objects of one athlete that a turn looks at: nobody has that many bikes.
    private static let objectsMax = 1_000

    /// The athlete's own objects, the profile and the zones first, whether or not they have a row.
    func objects(_ connection: Connection) async throws -> [ObjectStanding] {
        let rows = try await connection.query(
            """
            SELECT endpoint, object, state, attempts, next_try_at, checked_at, used_at FROM sync.athlete_object
            WHERE athlete_id = \(athlete) ORDER BY endpoint = 'gear', endpoint DESC, used_at DESC, object LIMIT \(Self.objectsMax)
            """)
        let known = try rows.compactMap(Self.standing)
        let unknown = [AthleteObject.profile, .zones].filter { object in !known.contains { $0.object == object } }
        return unknown.map { ObjectStanding($0) } + known
    }

    private static func standing(_ row: Row) throws -> ObjectStanding? {
        let (endpoint, name, state, attempts, nextTryAt, checkedAt, usedAt) = try row.decode(
            String.self, String.self, String.self, Int.self, Date?.self, Date?.self, Date?.self)
        guard let object = AthleteObject(endpoint: endpoint, object: name), let state = CompletenessState(rawValue: state) else {
            return nil
        }
        return ObjectStanding(
            object, state: state, attempts: attempts, nextTryAt: nextTryAt, checkedAt: checkedAt, usedAt: usedAt)
    }
}
