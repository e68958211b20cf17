import Core
import Foundation
import TestKit
import Testing

@testable import Sync

@Suite struct SyncModelTests {
    private static let rounds = 6

    /// FITNESS_TEST_MODEL_HISTORIES asks for more than the usual number.
    private static let seeds: [UInt64] = {
        let count = ProcessInfo.processInfo.environment["FITNESS_TEST_MODEL_HISTORIES"].flatMap(UInt64.init) ?? 4
        return (0..<count).map { modelSeed &+ $0 }
    }()

    @Test func `any history ends with Strava's truth, each thing once, and the cursor never goes back`() async throws {
        for seed in Self.seeds {
            try await SyncRig.with(SyncModel.world(seed: seed), settings: SyncModel.settings(seed: seed)) { rig in
                try await rig.connect(SyncModel.athlete)
                var model = SyncModel(rig: rig, seed: seed)
                for _ in 0..<Self.rounds { try await model.round() }
                let unexplained = try await self.unexplained(rig)
                #expect(unexplained == [], "seed \(seed)")
                try await model.settle()
                #expect(model.broken == [], "seed \(seed)")
                let differences = try await rig.differences(SyncModel.athlete)
                #expect(differences == [], "seed \(seed)")
                let gaps = try await self.gaps(rig)
                #expect(gaps == [], "seed \(seed)")
                let (setAside, twice) = (try await rig.setAside, try await sameVersions(rig))
                #expect(setAside == 0 && twice == 0, "seed \(seed): \(setAside) set aside, \(twice) twice")
            }
        }
    }

    private func gaps(_ rig: SyncRig) async throws -> [String] {
        try await rig.database.query(
            """
            SELECT concat_ws(' ', activity_id, endpoint, state, reason, next_try_at) FROM sync.completeness
            WHERE state IN ('pending', 'failed', 'quarantined', 'no_scope')
            """
        ).map { try $0.decode(String.self) }
    }

    /// Listed activities of which the ledger does not say what is missing and why, in the middle of all the trouble.
    private func unexplained(_ rig: SyncRig) async throws -> [String] {
        try await rig.database.query(
            """
            SELECT concat_ws(' ', a.activity_id, e.endpoint, c.state)
            FROM sync.activity a CROSS JOIN (VALUES ('summary', 1), ('streams', 3)) AS e (endpoint, number)
            LEFT JOIN sync.completeness c USING (athlete_id, activity_id, endpoint)
            WHERE c.state IS NULL
               OR (c.state = 'landed' AND NOT EXISTS (
                    SELECT FROM bronze_strava.answer b
                    WHERE b.athlete_id = a.athlete_id AND b.object_id = a.activity_id AND b.endpoint = e.number))
               OR (c.state IN ('no_scope', 'failed', 'quarantined') AND c.reason IS NULL)
               OR (c.state = 'failed' AND c.next_try_at IS NULL)
            """
        ).map { try $0.decode(String.self) }
    }

    /// Versions of an answer that follow one another with the same bytes: something landed twice.
    private func sameVersions(_ rig: SyncRig) async throws -> Int {
        try await rig.number(
            """
            SELECT count(*) FROM (
                SELECT sha256, lag(sha256) OVER (PARTITION BY athlete_id, source_id, endpoint, object_id ORDER BY valid_from) AS before
                FROM (
                    SELECT athlete_id, source_id, endpoint, object_id, valid_from, sha256 FROM bronze_strava.answer_version
                    UNION ALL SELECT athlete_id, source_id, endpoint, object_id, fetched_at, sha256 FROM bronze_strava.answer) AS v
            ) AS w WHERE sha256 = before
            """)
    }
}
