import Core
import Foundation
import Simulator
import TestKit
import Testing

/// The world as a function of seed, epoch and time, and what mutations do to it.
struct WorldTests {
    @Test(arguments: 0..<3)
    func `the same seed and epoch give the same world`(index: Int) {
        let seed = modelSeed &+ UInt64(index)
        print("world seed \(seed)")
        let worlds = [seed, seed, seed &+ 1].map { SimulatorWorld(seed: $0, epoch: monday, athleteCount: 2, activitiesEach: 25) }
        let facts = worlds.map { world in
            world.athleteIDs.flatMap { world.truth(for: $0) }.map { "\($0.id) \($0.startAt) \($0.name) \($0.distance_m) \($0.pointCount)" }
        }
        #expect(facts[0] == facts[1])
        #expect(facts[0] != facts[2])
        #expect(worlds[0].truth(for: anyone)[0].streams == worlds[1].truth(for: anyone)[0].streams)
    }

    @Test func `the history ends at the epoch and has as many points as asked for`() {
        let world = SimulatorWorld(seed: 3, epoch: monday, athleteCount: 3, activitiesEach: 100, points: 50...70)
        for truth in world.athleteIDs.flatMap({ world.truth(for: $0) }) {
            #expect(truth.startAt < monday)
            #expect(truth.streams == nil ? truth.pointCount == 0 : (50...70).contains(truth.pointCount))
            #expect(truth.streams?.count ?? 0 == truth.pointCount)
        }
    }

    @Test func `figures and streams agree`() throws {
        let world = SimulatorWorld(seed: 4, epoch: monday, athleteCount: 1, activitiesEach: 60, points: 100...300)
        for truth in world.truth(for: anyone) {
            guard let streams = truth.streams else { continue }
            #expect(streams.time.last == truth.elapsed_s)
            #expect(truth.moving_s <= truth.elapsed_s)
            if let distance = streams.distance {
                #expect(distance.last == truth.distance_m)
                #expect(distance == distance.sorted())
            }
        }
    }

    @Test func `live activities depend on the time alone`() throws {
        let make = {
            SimulatorWorld(
                seed: 8, epoch: monday, athleteCount: 3, activitiesEach: 5, live: LivePlan(interval_s: 90, countMax: 10))
        }
        let (walked, jumped) = (make(), make())
        let end = monday.addingTimeInterval(500)
        for second in stride(from: 0, through: 500, by: 7) {
            _ = walked.truth(for: anyone, at: monday.addingTimeInterval(Double(second)))
        }
        for athlete in walked.athleteIDs {
            let ids = jumped.truth(for: athlete, at: end).map(\.id)
            #expect(walked.truth(for: athlete, at: end).map(\.id) == ids)
            #expect((9...10).contains(ids.count))
        }
        #expect(jumped.truth(for: anyone, at: monday.addingTimeInterval(1_000_000)).count == 15)
    }

    @Test func `a live activity is listed when its time has come`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(live: LivePlan(interval_s: 100), clock: clock) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            #expect(try await visitor.list("per_page=200", token: token).count == 40)
            clock.advance(by: .seconds(100))
            #expect(try await visitor.list("per_page=200", token: token).count == 41)
            let newest = try #require(visitor.simulator.truth(for: anyone).first)
            #expect(newest.startAt.addingTimeInterval(Double(newest.elapsed_s)) < clock.now)
        }
    }

    @Test func `the demo has 5 athletes, 250 activities and a new one every 45 seconds`() {
        let world = SimulatorWorld.demo(epoch: monday)
        #expect(world.athleteIDs.count == 5)
        #expect(world.athleteIDs.map { world.truth(for: $0).count }.reduce(0, +) == 250)
        let later = monday.addingTimeInterval(45 * 20 + 225)
        #expect((20...25).contains(world.athleteIDs.map { world.truth(for: $0, at: later).count }.reduce(0, +) - 250))
        let kinds = Set(world.athleteIDs.flatMap { world.truth(for: $0) }.map(\.kind))
        #expect(kinds == Set(ActivityKind.allCases))
    }

    @Test func `a late upload appears where its date belongs, with a high id`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let before = visitor.simulator.truth(for: anyone)
            let start = before[20].startAt.addingTimeInterval(1)
            let id = visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: start, name: "Late"))
            let list = try await visitor.list("per_page=200", token: token)
            #expect(list.ids[20] == id.rawValue)
            #expect(id > before.map(\.id).max()!)
            #expect(list[20]["name"] as? String == "Late")
        }
    }

    @Test func `an activity dated in the future is listed first`() async throws {
        try await withSimulator { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let id = visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday.addingTimeInterval(86_400 * 30)))
            #expect(try await visitor.list("", token: token).ids.first == id.rawValue)
        }
    }

    @Test func `a deleted activity is gone everywhere`() async throws {
        try await withSimulator { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let id = visitor.simulator.truth(for: anyone)[7].id
            #expect(visitor.simulator.world.delete(id))
            #expect(!visitor.simulator.world.delete(id))
            #expect(try await !visitor.list("per_page=200", token: token).ids.contains(id.rawValue))
            #expect(try await visitor.get("/activities/\(id)", token: token).status == 404)
            #expect(try await visitor.get("/activities/\(id)/streams?keys=time", token: token).status == 404)
        }
    }

    @Test func `a crop keeps the id and changes figures and streams`() async throws {
        try await withSimulator(activities: 1, points: 500...500, kinds: [.run]) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let before = visitor.simulator.truth(for: anyone)[0]
            let path = "/activities/\(before.id)/streams?keys=time&key_by_type=true"
            let whole = try await visitor.get(path, token: token)
            visitor.simulator.world.crop(before.id, keeping: 0.5)
            let after = visitor.simulator.truth(for: anyone)[0]
            #expect(after.id == before.id)
            #expect(after.pointCount == 250)
            #expect(after.distance_m < before.distance_m)
            #expect(after.elapsed_s < before.elapsed_s)
            let half = try await visitor.get(path, token: token)
            #expect(half.body.count < whole.body.count)
            #expect(Array(after.streams!.time) == Array(before.streams!.time.prefix(250)))
        }
    }

    @Test func `edits show in the list and in the detail`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let world = visitor.simulator.world
            let id = visitor.simulator.truth(for: anyone)[2].id
            world.rename(id, to: "New \"name\"\n\u{1}")
            world.changeSport(id, sportType: "GravelRide", type: "Ride")
            world.changeGear(id, to: nil)
            let summary = try await visitor.list("per_page=3", token: token)[2]
            let detail = try await visitor.get("/activities/\(id)", token: token).object
            for answer in [summary, detail] {
                #expect(answer["name"] as? String == "New \"name\"\n\u{1}")
                #expect(answer["sport_type"] as? String == "GravelRide")
                #expect(answer["gear_id"] is NSNull)
            }
        }
    }

    @Test func `retired gear is missing from the athlete but has an answer of its own`() async throws {
        try await withSimulator(activities: 100, kinds: [.run]) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let athlete = try await visitor.get("/athlete", token: token).object
            let shoes = try #require(athlete["shoes"] as? [[String: Any]])
            #expect(shoes.count == 1)
            #expect(shoes.first?["id"] as? String == "g16000001")
            #expect(visitor.simulator.truth(for: anyone).contains { $0.gearID == "g16000002" })
            let gear = try await visitor.get("/gear/g16000002", token: token).object
            #expect(gear["retired"] as? Bool == true)
            #expect(gear["resource_state"] as? Int == 3)
            #expect(try await visitor.get("/gear/b1", token: token).status == 404)
        }
    }

    @Test func `an athlete without an FTP has no power zones`() async throws {
        try await withSimulator(athletes: 2) { visitor in
            for (athlete, hasPower) in [(AthleteID(101), true), (AthleteID(102), false)] {
                let token = visitor.simulator.issueTokens(for: athlete).accessToken
                let zones = try await visitor.get("/athlete/zones", token: token).object
                #expect((zones["power"] != nil) == hasPower)
                let heart = (zones["heart_rate"] as? [String: Any])?["zones"] as? [[String: Int]]
                #expect(heart?.last?["max"] == -1)
            }
        }
    }
}
