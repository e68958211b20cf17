import Core
import Foundation
import Governor
import Sync
import Warehouse

/// A simulated time with the real decisions: `RateBudget` says what may go, `SyncPlan` what an athlete needs next and when to look again,
/// and the scheduler's lanes whose turn it is. Strava, the athletes and PostgreSQL are models in memory; time jumps from event to event.
package struct Simulation {
    enum Event {
        /// The scheduler looks, once a tick.
        case tick
        /// The governor asked to be looked at.
        case wake
        case arrival(Call, Permit)
        case answer(Call, Permit, CallOutcome)
        case upload(Int, World.Upload)
        case edit(Int, start_s: Int32)
        case newcomer
        case foreign
        case quarterEnd
        case sample
    }

    /// One request to Strava.
    struct Call {
        enum Target {
            case list(ListPass)
            case object(AthleteObject)
            case activity(WorkItem, CompletenessEndpoint)
        }
        let athlete: Int
        let target: Target

        /// As `StravaCall.reportsUsage`.
        var reportsUsage: Bool {
            if case .activity(_, .streams) = target { false } else { true }
        }
    }

    let scenario: Scenario
    let end_s: Double
    var world: World
    var strava: ModelStrava
    var governor: ModelGovernor
    var schedule = ModelSchedule()
    var events = TimeQueue<Event>()
    var now_s = World.origin_s
    var turns: [Int: Turn] = [:]
    /// Athletes in work in each lane of the scheduler.
    var inWork: [Int]
    /// Calls in the governor's line, by the number it gave them.
    var waiting: [UInt64: Call] = [:]
    var backlog = Backlog()
    var measures = Measures()
    var wakeAt_s = Double.infinity
    var demandToldAt_s = -Double.infinity
    var pace: SyncPace
    var pacedAt_s = -Double.infinity
    /// Who connected during the time.
    var newcomers: Set<Int> = []

    package init(_ scenario: Scenario, seed: UInt64) {
        self.scenario = scenario
        end_s = World.origin_s + scenario.hours * 3600
        world = World(scenario, seed: seed)
        pace = SyncPace(load: world.load, dayLimit: scenario.limit.day, settings: scenario.settings)
        strava = ModelStrava(limit: scenario.limit)
        governor = ModelGovernor(
            limit: scenario.limit, policy: scenario.policy, clockError_s: .random(in: -0.5...0.5, using: &world.random))
        inWork = scenario.settings.lanes.map { _ in 0 }
        begin()
    }

    /// Runs to the end, and lets others have the thread from time to time. Call it once.
    package mutating func run() async -> Measures {
        var handled = 0
        while let (time_s, event) = events.first, time_s < end_s {
            events.removeFirst()
            now_s = time_s
            handle(event)
            handled += 1
            if handled.isMultiple(of: Self.eventsAtOnce) { await Task.yield() }
        }
        finish()
        return measures
    }

    private static let eventsAtOnce = 200

    /// As `AthleteSync` makes it.
    func plan(of athlete: Int) -> SyncPlan {
        SyncPlan(settings: scenario.settings, pace: pace, athlete: AthleteID(Int64(athlete)))
    }

    var now: Date { Date(timeIntervalSince1970: now_s) }
    /// Seconds since the start.
    var elapsed_s: Double { now_s - World.origin_s }

    // MARK: Parts

    private mutating func begin() {
        for athlete in world.athletes.indices {
            switch scenario.start {
            case .empty: connect(athlete, .bulk)
            case .loaded:
                world.load(athlete, pace: pace)
                schedule.add(athlete, priority: 2, due_s: firstDue_s(athlete))
            }
            planUpload(athlete)
        }
        if scenario.hasGiant { connect(world.addAthlete(activities: scenario.historyMax), .alone) }
        for event in [Event.tick, .sample, .quarterEnd] { events.add(event, at: now_s) }
        planNewcomer()
        planForeign()
    }

    /// A loaded athlete's next look, somewhere in the ordinary interval.
    private mutating func firstDue_s(_ athlete: Int) -> Double {
        let state = world.athletes[athlete].state(now: now, newestCount: scenario.settings.newestFirstCount)
        return now_s + .random(in: 0...plan(of: athlete).listInterval(state), using: &world.random)
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .tick: tick()
        case .wake: if wakeAt_s <= now_s { wakeAt_s = .infinity }
        case .arrival(let call, let permit): arrive(call, permit)
        case .answer(let call, let permit, let outcome): answered(call, permit, outcome)
        case .upload(let athlete, let upload): uploaded(upload, athlete)
        case .edit(let athlete, let start_s): world.edit(start_s: start_s, athlete: athlete, at: elapsed_s)
        case .newcomer: newcomer()
        case .foreign: foreign()
        case .quarterEnd: quarterEnded()
        case .sample: sample()
        }
        pump()
    }

    /// Sends what the governor lets go.
    private mutating func pump() {
        for (id, permit) in governor.pump(at: now_s) {
            guard let call = waiting.removeValue(forKey: id) else { continue }
            measures.calls += 1
            measures.callsByClass[permit.requestClass.rawValue] += 1
            world.athletes[call.athlete].calls += 1
            events.add(.arrival(call, permit), at: now_s + .random(in: scenario.latency_s, using: &world.random) / 2)
        }
        guard governor.wakeAt_s < wakeAt_s else { return }
        wakeAt_s = governor.wakeAt_s
        events.add(.wake, at: wakeAt_s)
    }

    private mutating func arrive(_ call: Call, _ permit: Permit) {
        let outcome = strava.arrive(at: now_s, reportsUsage: call.reportsUsage)
        events.add(.answer(call, permit, outcome), at: now_s + .random(in: scenario.latency_s, using: &world.random) / 2)
    }
}
