import Core
import Database
import Foundation
import Simulator
import Synchronization
import TestKit

@testable import Sync

/// A random history of one athlete: what happens at Strava, what Strava answers, and when the daemon dies. All of it follows from a seed.
struct SyncModel {
    static let athlete = AthleteID(101)

    let rig: SyncRig
    private var random: SeededRandom
    private var cursor = SyncCursor()
    /// What broke an invariant, in words.
    private(set) var broken: [String] = []

    init(rig: SyncRig, seed: UInt64) {
        self.rig = rig
        random = SeededRandom(seed: seed)
    }

    static func world(seed: UInt64) -> SimulatorWorld {
        var random = SeededRandom(seed: seed)
        let count =
            Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 205...230, using: &random) : Int.random(in: 1...30, using: &random)
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        return SimulatorWorld(seed: seed, epoch: epoch, athleteCount: 1, activitiesEach: count, points: 20...40)
    }

    static func settings(seed: UInt64) -> SyncSettings {
        var random = SeededRandom(seed: seed ^ 1)
        var settings = SyncSettings()
        settings.requestsPerTurnMax = [3, 17, 100].randomElement(using: &random) ?? 3
        settings.newestFirstCount = Int.random(in: 1...30, using: &random)
        return settings
    }

    /// One stretch of time: something happens, then the athlete has its turns.
    mutating func round() async throws {
        for _ in 0..<Int.random(in: 1...3, using: &random) { happen() }
        for _ in 0..<Int.random(in: 0...2, using: &random) { addFault() }
        try await changeGrant()
        try await timePasses()
        if Int.random(in: 0..<3, using: &random) == 0 { try await dieInTheMiddle() }
        try await turns()
    }

    /// Walks until what Strava really does not have is believed: three waits, then a second look after another walk.
    private static let settlingWalks = 6

    /// Strava answers as it should from now on; the athlete gets all the turns it wants, and an admin retries what was set aside.
    mutating func settle() async throws {
        rig.simulator.faults.removeAll()
        try await rig.connect(Self.athlete)
        for _ in 0..<Self.settlingWalks {
            _ = try await rig.registry.requestSync(Self.athlete, full: true, by: "model")
            try await turns()
            if try await rig.setAside > 0 { try await rig.desk.retry(Self.athlete) }
            try await rig.database.query("UPDATE sync.completeness SET next_try_at = now() WHERE state = 'failed'")
            try await turns()
        }
    }

    // MARK: What happens

    private mutating func happen() {
        let truth = rig.simulator.truth(for: Self.athlete)
        let one = truth.randomElement(using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: upload(ago_s: Double.random(in: 60...7_200, using: &random))
        case 2: upload(ago_s: Double.random(in: 4...900, using: &random) * 86_400)
        case 3: if let one, one.pointCount > 4 { rig.world.crop(one.id, keeping: 0.7) }
        case 4: if let one { rig.world.rename(one.id, to: "Renamed \(Int.random(in: 0..<1_000, using: &random))") }
        case 5: if let one { rig.world.changeSport(one.id, sportType: "Hike", type: "Hike") }
        case 6: if let one, truth.count > 1 { rig.world.delete(one.id) }
        default: break
        }
    }

    /// An upload whose streams may not be ready at first.
    private mutating func upload(ago_s: Double) {
        let start = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - ago_s).rounded())
        let id = rig.world.addActivity(to: Self.athlete, NewActivity(startAt: start, points: Int.random(in: 20...40, using: &random)))
        let notReady: [Fault.Response] = [.status(404, #"{"message":"Resource Not Found"}"#), .emptyStreams]
        if Bool.random(using: &random), let response = notReady.randomElement(using: &random) {
            rig.simulator.faults.append(Fault(match: .streams(id), times: 1, response: response))
        }
    }

    private mutating func addFault() {
        guard let one = rig.simulator.truth(for: Self.athlete).randomElement(using: &random) else { return }
        let id = one.id
        let detail = RequestMatch { _, path, _ in path.hasSuffix("/activities/\(id)") }
        let faults: [Fault] = [
            Fault(match: .activity(id), times: 2, response: .status(500, #"{"message":"error"}"#)),
            Fault(match: .streams(id), times: .forever, response: .status(500, #"{"message":"error"}"#)),
            Fault(match: .activity(id), response: .malformed), Fault(match: .activity(id), response: .truncatedBody),
            Fault(match: detail, response: .status(404, #"{"message":"Resource Not Found"}"#)),
            Fault(match: .list, response: .status(500, #"{"message":"error"}"#)), Fault(match: .list, response: .malformed),
            Fault(match: .token, response: .status(500, #"{"message":"error"}"#)),
        ]
        if let fault = faults.randomElement(using: &random) { rig.simulator.faults.append(fault) }
    }

    private mutating func changeGrant() async throws {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: rig.simulator.deauthorize(Self.athlete)
        case 1: try await rig.connect(Self.athlete, expiresIn: -10)
        case 2: try await rig.connect(Self.athlete)
        default: break
        }
    }

    /// Everything that waits is due, sometimes with a walk over the whole list.
    private mutating func timePasses() async throws {
        try await rig.database.query(
            "UPDATE sync.schedule s SET due_at = now() FROM sync.athlete a WHERE a.athlete_id = s.athlete_id AND a.state = 'active'")
        try await rig.database.query("UPDATE sync.completeness SET next_try_at = now() WHERE state = 'failed'")
        if Bool.random(using: &random) { _ = try await rig.registry.requestSync(Self.athlete, full: true, by: "model") }
    }

    // MARK: Turns

    private static let turnsMax = 400

    private mutating func turns() async throws {
        for _ in 0..<Self.turnsMax {
            if try await rig.turn() == 0 { return }
            try await lookAtCursor()
        }
        broken.append("the turns never end")
    }

    /// A turn whose lease runs out while one of its answers is under way, as if its process had died; another takes over at once.
    private mutating func dieInTheMiddle() async throws {
        guard let claim = try await rig.claim().first else { return }
        let gate = rig.simulator.gate(Self.nth(Int.random(in: 1...9, using: &random)))
        let environment = rig.environment
        let isHeld = await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await gate.waitForHeld()
                return gate.heldCount > 0
            }
            group.addTask {
                await AthleteSync(environment: environment, claim: claim).run()
                return false
            }
            let first = await group.next() ?? false
            if first { await expire() }
            gate.open()
            return first
        }
        if isHeld { try await makeSilverAndLook() }
    }

    /// Matches the request of this number.
    private static func nth(_ number: Int) -> RequestMatch {
        let seen = Counter()
        return RequestMatch { _, path, _ in path.hasPrefix("/api/") && seen.next() == number }
    }

    private func expire() async {
        do {
            try await rig.database.query(
                "UPDATE sync.schedule SET lease_owner = NULL, lease_expires_at = NULL, lease_fence = lease_fence + 1, due_at = now()")
        } catch {
            // The rounds that follow would show it: the lease never runs out.
            return
        }
    }

    private mutating func makeSilverAndLook() async throws {
        try await rig.makeSilver()
        try await lookAtCursor()
    }

    /// The cursor never goes back, and never into the future.
    private mutating func lookAtCursor() async throws {
        let rows = try await rig.database.query(
            "SELECT newest_start_at, listed_at, history_complete_at, first_complete_at FROM sync.cursor")
        let (newest, listed, complete, first) = try rows[0].decode(Date?.self, Date?.self, Date?.self, Date?.self)
        let pairs = [
            ("newest_start_at", cursor.newestStartAt, newest), ("listed_at", cursor.listedAt, listed),
            ("history_complete_at", cursor.historyCompleteAt, complete),
        ]
        for (name, before, after) in pairs where (after ?? .distantPast) < (before ?? .distantPast) { broken.append("\(name) went back") }
        if let newest, newest > Date() { broken.append("newest_start_at is in the future") }
        if let was = cursor.firstCompleteAt, was != first { broken.append("first_complete_at changed") }
        cursor = SyncCursor(newestStartAt: newest, listedAt: listed, historyCompleteAt: complete, firstCompleteAt: first)
    }
}

/// Counts from 1, from any thread.
final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
