import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import Warehouse

/// Silver depends on what bronze holds, not on the order in which it arrived.
@Suite struct SilverOrderTests {
    @Test(arguments: 0..<6)
    func `in whatever order answers arrive, a rebuild changes nothing`(history: Int) async throws {
        var random = SeededRandom(seed: modelSeed &+ UInt64(history))
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            var answers = Self.answers(
                of: SimulatorWorld(seed: random.next(), epoch: Bench.noon, athleteCount: 1, activitiesEach: 9, points: 300...900))
            answers.shuffle(using: &random)
            for (second, (endpoint, id, body)) in answers.enumerated() {
                let at = Bench.noon.addingTimeInterval(Double(second))
                try await bench.land([BronzeAnswer(endpoint: endpoint, objectID: id, request: "/x", status: 200, fetchedAt: at, body: body)]
                )
                if Int.random(in: 0..<4, using: &random) == 0 { try await bench.transform() }
            }
            try await bench.transform()
            try await bench.rebuild(isDryRun: true)
            let differences = try await bench.lines(
                """
                SELECT t.* FROM sync.silver_rebuild CROSS JOIN LATERAL jsonb_to_recordset(report -> 'tables')
                    AS t("table" text, before int, added int, changed int, removed int)
                WHERE added + changed + removed > 0
                """)
            #expect(differences == [], "history \(history) of seed \(modelSeed): table, rows, added, changed, removed")
            #expect(try await bench.value("SELECT count(*) FROM silver.activity_metric WHERE load > 0", as: Int.self) > 0)
        }
    }

    /// Each activity twice, the second time cropped; a profile with more in each version.
    private static func answers(of world: SimulatorWorld) -> [(BronzeEndpoint, Int64, [UInt8])] {
        let athlete = Bench.athlete.rawValue
        let profiles = ["null,null,null", "null,61.5,null", #""F",61.5,null"#, #""F",61.5,231"#].map { $0.split(separator: ",") }
            .map { #"{"sex":\#($0[0]),"weight":\#($0[1]),"ftp":\#($0[2])}"# }
        var answers: [(BronzeEndpoint, Int64, [UInt8])] = profiles.map { (.athlete, athlete, Array($0.utf8)) }
        answers.append((.athleteZones, athlete, Array(#"{"heart_rate":{"zones":[{"min":0},{"min":120},{"min":150}]}}"#.utf8)))
        // Without streams: the heart rate is hidden later, or was before.
        for heartrate in ["150", "null"] {
            let summary =
                #"{"sport_type":"Ride","start_date_local":"2026-11-20T06:00:00Z","moving_time":900,"average_heartrate":\#(heartrate)}"#
            answers.append((.activitySummary, 999, Array(summary.utf8)))
        }
        for isCropped in [false, true] {
            for activity in world.truth(for: world.athleteIDs[0]) {
                let id = activity.id
                if isCropped { world.crop(id, keeping: 0.8) }
                guard let truth = world.truth(for: id) else { continue }
                answers.append((.activitySummary, id.rawValue, truth.summaryBody))
                answers.append((.activity, id.rawValue, world.detailBody(of: id) ?? []))
                if let streams = truth.streamsBody { answers.append((.streams, id.rawValue, streams)) }
            }
        }
        return answers
    }
}
