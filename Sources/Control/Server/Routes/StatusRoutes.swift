import ControlAPI
import Core
import Database
import Foundation
import Governor
import Sync

extension ControlRoutes {
    func reload() async throws -> ReloadMessage {
        guard let reload = dependencies.reload else {
            throw ControlRefusal(.unavailable, "this fitnessd can't reload its settings; restart it")
        }
        return await reload()
    }

    func status() async throws -> StatusMessage {
        async let found = troubles()
        let figures = try await dependencies.status.figures()
        let errors = try await lastErrors()
        let limits = await limits()
        let now = dependencies.clock.now
        let paused = try await globalPause(now: now)
        return StatusMessage(
            version: dependencies.version, startedAt: dependencies.startedAt,
            uptimeS: Int(now.timeIntervalSince(dependencies.startedAt)), athletes: .init(figures),
            activities: figures.activityCount,
            endpoints: EndpointCounting.messages(figures.ledger.map { ($0.endpoint, $0.state, $0.count) }),
            silver: silver(figures), quarantined: try await quarantineTotal(nil),
            quality: figures.findings.map { QualityCount(check: $0.check, activities: $0.count) }, events: .init(figures.events),
            quota: limits.windows, waiting: limits.waiting,
            paused: paused, notices: dependencies.notices.current.map(NoticeMessage.init),
            completion: try await completionOfAll(now: now, isPaused: paused != nil), database: try await databaseSize(now: now),
            troubles: await found, lastErrors: errors, countedAt: figures.countedAt)
    }

    func limits() async -> LimitsMessage {
        LimitsMessage(await dependencies.governor.snapshot())
    }

    /// Nil until it was measured.
    private func databaseSize(now: Date) async throws -> DatabaseSizeMessage? {
        guard let size = try await DatabaseSize.read(dependencies.database, now: now) else { return nil }
        let disk = dependencies.clusterDirectory.flatMap { try? DiskSpace(of: $0.path) }
        return DatabaseSizeMessage(
            bytes: size.bytes, growthPerDayBytes: size.growthPerDayBytes, diskFreeBytes: disk?.freeBytes, diskBytes: disk?.bytes)
    }

    /// The pause of all syncing; nil: none.
    func globalPause(now: Date) async throws -> PauseMessage? {
        let rows = try await dependencies.database.query(
            """
            SELECT nullif((u.value #>> '{}')::timestamptz, 'infinity'), nullif(r.value #>> '{}', ''), nullif(w.value #>> '{}', ''),
                   u.updated_at
            FROM sync.setting u LEFT JOIN sync.setting r ON r.key = 'pause_reason' LEFT JOIN sync.setting w ON w.key = 'paused_by'
            WHERE u.key = 'paused_until' AND (u.value #>> '{}')::timestamptz > \(now)
            """)
        return try rows.first.map { row in
            let (until, reason, user, at) = try row.decode(Date?.self, String?.self, String?.self, Date.self)
            return PauseMessage(until: until, reason: reason, by: user, at: at)
        }
    }

    private func silver(_ figures: StatusFigures) -> StatusMessage.Silver {
        let incident = dependencies.silver?.incident.map { StatusMessage.Incident(reason: $0.reason, since: $0.since) }
        return .init(
            points: Int64(figures.silverPointCount), backlog: figures.backlogCount, oldestAt: figures.backlogSince, incident: incident)
    }

    /// At most ten athletes whose last turn failed, newest first.
    private func lastErrors() async throws -> [StatusMessage.RunError] {
        let rows = try await dependencies.database.query(
            """
            SELECT athlete_id, last_error, failures, last_finished_at FROM sync.schedule WHERE last_error IS NOT NULL
            ORDER BY last_finished_at DESC NULLS LAST LIMIT 10
            """)
        return try rows.map { row in
            let (athlete, error, failures, at) = try row.decode(Int64.self, String.self, Int.self, Date?.self)
            return .init(athleteID: athlete, error: error, failures: failures, at: at)
        }
    }
}

extension NoticeMessage {
    fileprivate init(_ notice: Notice) { self.init(code: notice.code.rawValue, text: notice.text, since: notice.since) }
}

extension LimitsMessage {
    /// The governor's snapshot as a message.
    init(_ snapshot: GovernorSnapshot) {
        let classes = RequestClass.allCases.map(\.name)
        self.init(
            windows: snapshot.windows.map(QuotaWindowMessage.init),
            queues: classes.map {
                ClassQueue(requestClass: $0, waiting: snapshot.waiting[$0] ?? 0, granted: snapshot.granted[$0] ?? 0)
            },
            circuit: CircuitStatus(
                state: snapshot.circuit.state.rawValue, reason: snapshot.circuit.reason?.rawValue, until: snapshot.circuit.until),
            waiting: snapshot.waitingReason.map { WaitingMessage(reason: $0.rawValue, until: snapshot.waitingUntil) })
    }
}

extension QuotaWindowMessage {
    init(_ window: WindowSnapshot) {
        self.init(
            window: window.span == .day ? "day" : "quarter_hour", limit: window.limit, overallLimit: window.overallLimit,
            readLimit: window.readLimit, used: window.used, foreign: window.foreign, reserved: window.reserved, kept: window.kept,
            exhausted: window.exhausted, resetsAt: window.resetsAt)
    }
}

extension StatusMessage.Athletes {
    fileprivate init(_ figures: StatusFigures) {
        self.init(
            total: figures.athleteCount, active: figures.athleteCount("active") - figures.pausedCount, paused: figures.pausedCount,
            reconnect: figures.athleteCount("reconnect"), erasing: figures.athleteCount("erasing"), working: figures.leasedCount)
    }
}

extension StatusMessage.Events {
    init(_ health: EventHealth) {
        self.init(state: health.state.rawValue, found: health.found, announced: health.announced, lastEventAt: health.lastEventAt)
    }
}
