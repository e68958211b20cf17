import Governor
import Sync

/// What comes from outside: people connect, train and edit, others spend the quota.
extension Simulation {
    /// As `AthleteRegistry.register`: due at once.
    mutating func connect(_ athlete: Int, _ arrival: Arrival) {
        world.athletes[athlete].connect(at: elapsed_s, newestCount: scenario.settings.newestFirstCount)
        if arrival == .awaited {
            world.athletes[athlete].request = SyncRequest(full: false, by: "connect", at: now.timeIntervalSince1970)
        }
        schedule.add(athlete, priority: arrival.priority, due_s: now_s)
    }

    mutating func newcomer() {
        let athlete = world.addAthlete()
        newcomers.insert(athlete)
        connect(athlete, .awaited)
        planUpload(athlete)
        planNewcomer()
        claim()
    }

    mutating func uploaded(_ upload: World.Upload, _ athlete: Int) {
        let (start_s, editIn_s) = world.upload(upload, athlete: athlete, at: elapsed_s)
        if let editIn_s { events.add(.edit(athlete, start_s: start_s), at: now_s + editIn_s) }
        planUpload(athlete)
    }

    mutating func planUpload(_ athlete: Int) {
        let (wait_s, upload) = world.nextUpload(of: athlete)
        events.add(.upload(athlete, upload), at: now_s + wait_s)
    }

    mutating func planNewcomer() {
        if scenario.newcomersPerDay > 0 { events.add(.newcomer, at: now_s + 86_400 / scenario.newcomersPerDay) }
    }

    mutating func foreign() {
        strava.arriveForeign(at: now_s)
        planForeign()
    }

    mutating func planForeign() {
        guard scenario.foreignPerHour > 0 else { return }
        events.add(.foreign, at: now_s + world.random.wait(mean: 3600 / scenario.foreignPerHour))
    }
}
