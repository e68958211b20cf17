import ControlAPI
import Core
import Database
import Foundation
import Governor
import Sync

extension ControlRoutes {
    /// A turn that failed so many times in a row does not get better by itself.
    private static let failuresMax = 5
    /// Silver makes most activities within seconds.
    private static let silverLagMax_s: Double = 15 * 60

    private static let backupAgeMax_s: Double = 8 * 86_400

    /// Looks at all parts.
    func doctor() async -> DoctorMessage {
        let checks = await Examination.run(dependencies.examinations + examinations(webhook: webhookDiagnosis, silver: silverDiagnosis))
        return DoctorMessage(at: dependencies.clock.now, checks: checks)
    }

    /// What needs a person, of all that takes a moment and asks nobody but PostgreSQL: the one meaning of "not healthy". Whatever makes
    /// `/readyz` answer 503 is among it, as the failure of a part.
    func troubles() async -> [DoctorMessage.Check] {
        let all = dependencies.examinations + examinations(webhook: eventsDiagnosis, silver: silverTrouble)
        return await Examination.run(all.filter(\.isQuick)).filter { [.warn, .fail].contains($0.level) }
    }

    /// - Parameters:
    ///   - webhook: looks at Strava's events.
    ///   - silver: looks at silver's work.
    private func examinations(
        webhook: @escaping @Sendable () async throws -> Diagnosis, silver: @escaping @Sendable () async throws -> Diagnosis
    ) -> [Examination] {
        [
            Examination("quota", isQuick: true) { await quotaDiagnosis() }, Examination("webhook", isQuick: true, look: webhook),
            Examination("silver", isQuick: true, look: silver),
            Examination("syncing", isQuick: true) { try await syncingDiagnosis() },
            Examination("athletes", isQuick: true) { try await athletesDiagnosis() },
            Examination("backup", isQuick: true) { try await backupDiagnosis() },
            Examination("notices", isQuick: true) { noticesDiagnosis() },
        ]
    }

    private func quotaDiagnosis() async -> Diagnosis {
        let snapshot = await dependencies.governor.snapshot()
        if snapshot.waitingReason == .ledger {
            return .failOfDatabase(
                "the quota ledger in PostgreSQL does not answer, so that no call is made",
                advice: "see the line \"database\"; calls go on by themselves")
        }
        if snapshot.circuit.state != .closed {
            let reason = snapshot.circuit.reason.map(Self.sentence) ?? ("calls to Strava are stopped", "wait: one call a minute tests it")
            return .fail(reason.0, advice: reason.1)
        }
        let windows = snapshot.windows.map { "\($0.used) of \($0.limit) calls \($0.span == .day ? "today" : "in this quarter hour")" }
        return .ok("used " + windows.joined(separator: ", "))
    }

    private static func sentence(_ trouble: ApplicationTrouble) -> (String, String) {
        switch trouble {
        case .inactive: ("Strava has deactivated the application", "ask Strava; strava.com/settings/api shows the application")
        case .capacityExceeded:
            (
                "Strava's limit of connected athletes is exceeded",
                "ask Strava for a higher limit, or erase athletes: fitnessctl athletes erase"
            )
        case .clientSecretWrong:
            ("Strava refuses the application's id or secret", "check FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET")
        case .maintenance: ("Strava is down for maintenance", "wait: calls go on by themselves")
        case .serverErrors: ("Strava answers with server errors", "wait: calls go on by themselves")
        case .network: ("Strava can't be reached", "check the network and DNS of this machine; calls go on by themselves")
        }
    }

    /// Asks Strava for the subscription, then looks at the events.
    private func webhookDiagnosis() async throws -> Diagnosis {
        guard dependencies.webhook?.callbackURL != nil else { return .ok("the public listener is off; lists are polled") }
        let webhook = try await webhook()
        guard webhook.subscribed else {
            return .ok("not subscribed; lists are polled instead (fitnessctl webhook subscribe)")
        }
        guard webhook.ours else {
            return .warn(
                "Strava sends the application's events elsewhere",
                advice: "fitnessctl webhook unsubscribe --foreign, then fitnessctl webhook subscribe")
        }
        return Self.diagnosis(webhook.events)
    }

    /// What events say of themselves. Without any, none may be expected.
    private func eventsDiagnosis() async throws -> Diagnosis {
        guard dependencies.webhook?.callbackURL != nil else { return .ok("the public listener is off; lists are polled") }
        return Self.diagnosis(.init(try await EventHealth.read(dependencies.database, now: dependencies.clock.now)))
    }

    private static func diagnosis(_ events: StatusMessage.Events) -> Diagnosis {
        if events.state == EventHealth.State.silent.rawValue {
            return .fail(
                "of \(events.found) new activities in a day, events announced only \(events.announced)",
                advice: "check that FITNESSD_PUBLIC_URL can be reached from the internet; lists are polled meanwhile")
        }
        return .ok("subscribed, events arrive")
    }

    /// The same without counting what waits while nothing waits for long: a rebuild may put all activities on the list.
    private func silverTrouble() async throws -> Diagnosis {
        if dependencies.silver?.incident == nil {
            let since = try await StatusReader.oldestInBacklog(in: dependencies.database)
            let lag_s = since.map { dependencies.clock.now.timeIntervalSince($0) } ?? 0
            if lag_s <= Self.silverLagMax_s { return .ok("in time") }
        }
        return try await silverDiagnosis()
    }

    private func silverDiagnosis() async throws -> Diagnosis {
        if let incident = dependencies.silver?.incident {
            return .failOfDatabase("stopped: \(incident.reason)", advice: "remove the cause; it goes on by itself")
        }
        let (count, since) = try await StatusReader.silverBacklog(in: dependencies.database)
        let lag_s = since.map { dependencies.clock.now.timeIntervalSince($0) } ?? 0
        if lag_s > Self.silverLagMax_s {
            return .warn(
                "\(count) \(count == 1 ? "activity waits" : "activities wait"), the oldest for \(Int(lag_s / 60)) min",
                advice: "fitnessctl quarantine list; is the machine overloaded?")
        }
        return .ok(count == 0 ? "up to date" : "\(count) \(count == 1 ? "activity" : "activities") to transform")
    }

    private func syncingDiagnosis() async throws -> Diagnosis {
        guard let pause = try await globalPause(now: dependencies.clock.now) else { return .ok("not paused") }
        let until = pause.until.map { "until \(ControlTime.text($0).prefix(16).replacing("T", with: " ")) UTC" } ?? "until resumed"
        let who = pause.by.map { " by \($0)" } ?? ""
        return .warn("paused \(until)\(who)\(pause.reason.map { ": \($0)" } ?? "")", advice: "fitnessctl resume")
    }

    /// Whoever makes none that fitnessd knows of is not reminded: the server may be backed up by other means.
    private func backupDiagnosis() async throws -> Diagnosis {
        guard let last = try await dependencies.backups.list().backups.first else {
            return .ok("none is recorded (fitnessctl backup makes one, and records those of other programs)")
        }
        let age_s = dependencies.clock.now.timeIntervalSince(last.takenAt)
        let summary = "the last one is \(Int(age_s / 3_600)) h old, by \(last.madeBy)"
        if age_s > Self.backupAgeMax_s { return .warn(summary, advice: "look why no newer one was made: fitnessctl backup") }
        return .ok(summary)
    }

    /// What `status` shows of the process as a whole.
    private func noticesDiagnosis() -> Diagnosis {
        let notices = dependencies.notices.current
        if notices.isEmpty { return .ok("none") }
        let text = notices.map(\.text).joined(separator: "; ")
        if dependencies.notices.unready != nil {
            return .fail(text, advice: "fitnessd takes no work meanwhile; fitnessctl status shows when it does")
        }
        return .warn(text, advice: "fitnessctl status shows when it is over")
    }

    private func athletesDiagnosis() async throws -> Diagnosis {
        let rows = try await dependencies.database.query(
            """
            SELECT count(*), count(*) FILTER (WHERE a.state = 'reconnect'),
                count(*) FILTER (WHERE a.state = 'active' AND s.failures >= \(Self.failuresMax))
            FROM sync.athlete a LEFT JOIN sync.schedule s USING (athlete_id)
            """)
        let (all, reconnect, failing) = try rows[0].decode(Int.self, Int.self, Int.self)
        var troubles: [(what: String, advice: String)] = []
        if reconnect > 0 {
            troubles.append(
                (
                    "\(reconnect) must connect again",
                    "fitnessctl athletes list shows whom, fitnessctl athletes connect --uid UID makes a link"
                ))
        }
        if failing > 0 {
            troubles.append(
                (
                    "\(failing) failed \(Self.failuresMax) times in a row or more",
                    "fitnessctl status shows errors, fitnessctl retry ID tries again"
                ))
        }
        if troubles.isEmpty { return .ok("\(all) connected") }
        return .warn(
            "of \(all), " + troubles.map(\.what).joined(separator: ", "), advice: troubles.map(\.advice).joined(separator: "; "))
    }
}
