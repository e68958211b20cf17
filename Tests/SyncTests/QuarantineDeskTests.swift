import Core
import Foundation
import Simulator
import TestKit
import Testing

@testable import Sync

private let athlete = AthleteID(101)

private func world(_ activities: Int) -> SimulatorWorld {
    let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
    return SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: activities, points: 40...60)
}

extension SyncRig {
    var desk: QuarantineDesk { QuarantineDesk(database: database, clock: .system) }

    var setAside: Int { get async throws { try await number("SELECT count(*) FROM sync.quarantine") } }

    /// Gives turns until the activity that always fails is set aside.
    func exhaust() async throws {
        for _ in 0..<OutcomeRules.attemptsMax {
            try await settle()
            try await database.query("UPDATE sync.completeness SET next_try_at = now() WHERE state = 'failed'")
            try await makeDue(athlete)
        }
        try await settle()
    }
}

@Suite struct QuarantineDeskTests {
    private static let always500 = Fault.Response.status(500, #"{"message":"error"}"#)

    @Test func `a retry asks Strava again, at once and with attempts counted anew`() async throws {
        try await SyncRig.with(world(4)) { rig in
            let bad = rig.simulator.truth(for: athlete)[1].id
            rig.simulator.faults.append(Fault(match: .streams(bad), times: .forever, response: Self.always500))
            try await rig.connect(athlete)
            try await rig.exhaust()
            #expect(try await rig.setAside == 1)
            #expect(try await rig.claim().isEmpty)
            rig.simulator.faults.removeAll()
            rig.simulator.clearRequests()
            #expect(try await rig.desk.retry(athlete, .init(endpoint: "streams", objectID: bad.rawValue)) == 1)
            #expect(try await rig.number("SELECT attempts FROM sync.completeness WHERE activity_id = \(bad) AND endpoint = 'streams'") == 0)
            #expect(try await rig.settle() > 0, "it is due at once")
            #expect(rig.simulator.requests.map(\.endpoint) == ["streams"])
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.setAside == 0)
        }
    }

    @Test func `what was dropped is not tried again, says why, and can be taken back`() async throws {
        try await SyncRig.with(world(4)) { rig in
            let bad = rig.simulator.truth(for: athlete)[1].id
            rig.simulator.faults.append(Fault(match: .streams(bad), times: .forever, response: Self.always500))
            try await rig.connect(athlete)
            try await rig.exhaust()
            let name = QuarantineDesk.EntryName(endpoint: "streams", objectID: bad.rawValue)
            try await rig.desk.drop(athlete, name)
            #expect(try await rig.setAside == 0)
            await #expect(throws: SyncError.self) { try await rig.desk.drop(athlete, name) }
            await #expect(throws: SyncError.self, "all of nothing") { try await rig.desk.retry(athlete) }
            rig.simulator.faults.removeAll()
            rig.simulator.clearRequests()
            try await rig.walkAgain(athlete)
            #expect(rig.count("streams") == 0)
            let reason = try await rig.database.query(
                "SELECT state || ': ' || reason FROM sync.completeness WHERE activity_id = \(bad) AND endpoint = 'streams'")
            #expect(try reason[0].decode(String.self) == "quarantined: dropped by an admin")
            #expect(try await rig.desk.retry(athlete, name) == 1)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
        }
    }

    @Test func `a failed transform is made again without a call`() async throws {
        try await SyncRig.with(world(3)) { rig in
            let bad = rig.simulator.truth(for: athlete)[0].id
            try await rig.database.withConnection { connection in
                try await connection.execute(
                    """
                    CREATE FUNCTION silver.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
                    CREATE TRIGGER refuse BEFORE INSERT ON silver.activity FOR EACH ROW
                        WHEN (NEW.activity_id = \(bad.rawValue)) EXECUTE FUNCTION silver.refuse()
                    """)
            }
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE endpoint = 'silver'") == 1)
            try await rig.database.query("DROP TRIGGER refuse ON silver.activity")
            rig.simulator.clearRequests()
            #expect(try await rig.desk.retry(athlete) == 1)
            try await rig.makeSilver()
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.setAside == 0 && rig.simulator.requests.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func `an answer that can't be read never lands, is asked for at once after a retry, and leaves when a good one comes`(isCured: Bool)
        async throws
    {
        try await SyncRig.with(world(3)) { rig in
            let bad = try #require(rig.simulator.truth(for: athlete).first { !$0.isManual }).id
            let broken = Fault.Response.status(200, #"{"time":{"data":[1,2,}}"#)
            rig.simulator.faults.append(Fault(match: .streams(bad), times: isCured ? 1 : .forever, response: broken))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.states(bad)["streams"] == "failed")
            rig.simulator.clearRequests()
            #expect(try await rig.desk.retry(athlete) == 1)
            try await rig.settle()
            #expect(rig.simulator.requests.map(\.endpoint) == ["streams"])
            if !isCured {
                #expect(try await rig.states(bad)["streams"] == "failed", "the same bytes came again")
                #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE reason = 'unreadable'") == 1)
            } else {
                #expect(try await rig.setAside == 0)
                #expect(try await rig.differences(athlete) == [])
            }
        }
    }

    @Test func `a profile that can't be read is asked for again`() async throws {
        try await SyncRig.with(world(3)) { rig in
            let profile = RequestMatch { _, path, _ in path.hasSuffix("/athlete") }
            rig.simulator.faults.append(Fault(match: profile, times: 1, response: .status(200, #"{"id":101,"firstname":}"#)))
            try await rig.connect(athlete)
            try await rig.settle()
            #expect(try await rig.number("SELECT count(*) FROM sync.quarantine WHERE endpoint = 'profile'") == 1)
            #expect(try await rig.desk.retry(athlete) == 1)
            try await rig.settle()
            #expect(try await rig.setAside == 0)
            #expect(try await rig.number("SELECT count(*) FROM silver.athlete WHERE first_name IS NOT NULL") == 1)
        }
    }

    @Test func `after a mass disappearance a retry looks at each one, and only a 404 removes`() async throws {
        try await SyncRig.with(world(10)) { rig in
            try await rig.connect(athlete)
            try await rig.settle()
            for activity in rig.simulator.truth(for: athlete).prefix(6) { #expect(rig.world.delete(activity.id)) }
            try await rig.walkAgain(athlete)
            #expect(try await rig.number("SELECT count(*) FROM silver.activity") == 10)
            #expect(try await rig.desk.retry(athlete) == 1)
            try await rig.settle()
            #expect(try await rig.differences(athlete) == [])
            #expect(try await rig.number("SELECT count(*) FROM sync.activity WHERE gone_at IS NOT NULL") == 6)
        }
    }

    @Test func `an entry's remedy follows from where it stands`() {
        func remedy(_ endpoint: String) -> QuarantineRemedy { QuarantineRemedy(endpoint: endpoint, objectID: 9) }
        #expect(remedy("streams") == .fetch(.streams, ActivityID(9)))
        #expect(remedy("detail") == .fetch(.detail, ActivityID(9)))
        #expect(remedy("athlete") == .fetchProfile)
        #expect(remedy("silver") == .transform(activityID: 9))
        #expect(remedy("summary") == .walk)
        #expect(remedy("list") == .lookAgain)
    }
}
