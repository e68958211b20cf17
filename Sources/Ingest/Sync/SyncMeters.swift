import Core
import Foundation
import Metering
import StravaAPI
import SyncStore

/// What is counted of turns, events and erasures.
public struct SyncMeters: Sendable {
    public static let definitions = [turnCount, turnTime, lostLeases, eventCount, eventTime, erasureCount] + StatusMeters.definitions

    private static let turnCount = MetricDefinition.counter(
        "fitnessd_turns_total",
        "Turns of athletes, by outcome; more: work is left for the next turn; unwritten: the end could not be stored.",
        .init("outcome", ["done", "more", "stopped", "failed", "unwritten"]))
    private static let turnTime = MetricDefinition.histogram(
        "fitnessd_turn_duration_seconds", "Time of turns, waits for quota included.", bounds: MetricBounds.lag)
    private static let lostLeases = MetricDefinition.counter(
        "fitnessd_leases_lost_total", "Turns that ended because another daemon, or a new grant, had taken the lease.")
    private static let eventCount = MetricDefinition.counter(
        "fitnessd_webhook_events_total",
        "Events from Strava, by outcome; known: stored before, or of an unknown athlete; ignored: about no athlete; failed: not stored.",
        .init("outcome", ["new", "known", "ignored", "malformed", "failed"]))
    private static let eventTime = MetricDefinition.histogram(
        "fitnessd_webhook_write_seconds", "Time until an event was stored, and Strava could be answered; it waits 2 s.",
        bounds: MetricBounds.quick)
    private static let erasureCount = MetricDefinition.counter(
        "fitnessd_erasures_total", "Erasures that were begun, by who asked.", .init("by", ErasureOrigin.allCases.map(\.rawValue)))

    let turns = CounterFamily(Self.turnCount)
    let turnDuration = HistogramFamily(Self.turnTime)
    let leasesLost = CounterFamily(Self.lostLeases)
    let eventDuration = HistogramFamily(Self.eventTime)
    let events = CounterFamily(Self.eventCount)
    let erasures = CounterFamily(Self.erasureCount)
}

/// The gauges of what PostgreSQL holds, set whenever it is counted.
struct StatusMeters: Sendable {
    static let definitions = [
        databaseUp, athletes, paused, leases, ledger, callsDue, quarantine, backlog, backlogAge, erasures, eventAge,
    ]

    private static let databaseUp = MetricDefinition.gauge(
        "fitnessd_database_up", "1 if PostgreSQL answered the last count of what it holds.")
    private static let athletes = MetricDefinition.gauge(
        "fitnessd_athletes", "Athletes by state.", .init("state", ["active", "reconnect", "erasing"]))
    private static let paused = MetricDefinition.gauge("fitnessd_athletes_paused", "Active athletes who are paused.")
    private static let leases = MetricDefinition.gauge("fitnessd_leases", "Athletes in work, by any daemon on this database.")
    private static let ledger = MetricDefinition.gauge(
        "fitnessd_ledger_entries", "Answers about activities that are here or missing, by endpoint and state.",
        .init("endpoint", CompletenessEndpoint.allCases.map(\.rawValue)), .init("state", CompletenessState.allCases.map(\.rawValue)))
    private static let callsDue = MetricDefinition.gauge(
        "fitnessd_calls_due", "Calls for activities that could be made now, if the quota allowed them all.")
    private static let quarantine = MetricDefinition.gauge(
        "fitnessd_quarantine_entries", "Answers and activities that are set aside, by reason.", .init("reason", quarantineReasons))
    private static let backlog = MetricDefinition.gauge(
        "fitnessd_transform_backlog", "Activities waiting to be transformed to silver.")
    private static let backlogAge = MetricDefinition.gauge(
        "fitnessd_transform_backlog_age_seconds", "How long the first of them has been waiting; 0: none is waiting.")
    private static let erasures = MetricDefinition.gauge(
        "fitnessd_erasures_open", "Athletes whose erasure has begun and has not ended.")
    private static let eventAge = MetricDefinition.gauge(
        "fitnessd_last_event_age_seconds", "How long ago Strava's last event came; absent: none ever did.")

    /// All words of `sync.quarantine.reason`.
    private static let quarantineReasons = Set(
        WrongAnswer.allCases.map(\.rawValue) + RejectedElement.Reason.allCases.map(\.rawValue) + StravaError.Code.allCases.map(\.rawValue)
            + ["mass_disappearance", "transform_failed", QuarantineTable.unreadable, "failed"]
    ).sorted()

    private let isDatabaseUp = GaugeFamily(Self.databaseUp)
    private let athleteCount = GaugeFamily(Self.athletes)
    private let pausedCount = GaugeFamily(Self.paused)
    private let leaseCount = GaugeFamily(Self.leases)
    private let ledgerCount = GaugeFamily(Self.ledger)
    private let dueCount = GaugeFamily(Self.callsDue)
    private let quarantineCount = GaugeFamily(Self.quarantine)
    private let backlogCount = GaugeFamily(Self.backlog)
    private let backlogWait = GaugeFamily(Self.backlogAge)
    private let erasureCount = GaugeFamily(Self.erasures)
    private let sinceEvent = GaugeFamily(Self.eventAge)

    func show(_ figures: StatusFigures) {
        isDatabaseUp.set(true)
        athleteCount.setAll(Dictionary(figures.athletesByState.map { ([$0.key], $0.value) }) { $0 + $1 })
        pausedCount.set(figures.pausedCount)
        leaseCount.set(figures.leasedCount)
        ledgerCount.setAll(Dictionary(figures.ledger.map { ([$0.endpoint, $0.state], $0.count) }) { $0 + $1 })
        dueCount.set(figures.dueCallCount)
        quarantineCount.setAll(Dictionary(figures.quarantineByReason.map { ([$0.key], $0.value) }) { $0 + $1 })
        backlogCount.set(figures.backlogCount)
        // Work that may wait has its turn after all other work, at infinity.
        backlogWait.set(max(0, figures.backlogSince.map { figures.countedAt.timeIntervalSince($0) } ?? 0))
        erasureCount.set(figures.openErasureCount)
        sinceEvent.set(figures.events.lastEventAt.map { figures.countedAt.timeIntervalSince($0) })
    }

    /// PostgreSQL can't be asked: what it holds is not known.
    func clear() {
        isDatabaseUp.set(false)
        for gauge in [
            athleteCount, pausedCount, leaseCount, ledgerCount, dueCount, quarantineCount, backlogCount, backlogWait, erasureCount,
            sinceEvent,
        ] { gauge.clear() }
    }
}
