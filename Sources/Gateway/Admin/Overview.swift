import ControlAPI
import Core
import Foundation
import Web

/// The operator's overview, for `admin/overview.mustache` and its parts.
struct Overview: Sendable {
    /// A figure of the row on top.
    struct Figure: Sendable {
        let label: String
        let value: String
        var unit: String?
        let meaning: String
        /// Why there is no value.
        var why: String?
    }

    /// A form with one button.
    struct Ask: Sendable {
        let label: String
        let action: String
        var athlete: Int64?
        var uid: String?
    }

    /// An athlete who needs a person.
    struct Attention: Sendable {
        let tone: String
        let state: String
        let who: String
        /// Nil: the name is the number.
        let number: Int64?
        let why: String
        var button: Ask?
        var command: String?
        let explain: Int64
    }

    let headline: String
    let subline: String
    let time: String
    /// What each form sends; empty: nobody may change anything.
    let csrf: String
    let canChange: Bool
    let isPaused: Bool
    /// What was just done; nil: nothing.
    let said: String?
    let figures: [Figure]
    let hasAttention: Bool
    let attention: [Attention]
    let moreAttention: String?
    let nobody: String
    let quotas: [ShownQuota]
    let quotaNote: String?
    let history: ShownHistory
    let hasLeft: Bool
    let left: [ShownHistory.Athlete]
    let hasWork: Bool
    let work: [ShownWork]
    let idle: String
    let waiting: [ShownQueue]
    let lag: ShownLag
    let hasErrors: Bool
    let errors: [ShownError]
    let athleteCount: String
    let list: AthleteList
    let bar: WebFrame.Bar?

    init(_ state: AdminState, list: AthleteList, visitor: AdminVisitor?, said: String? = nil) {
        let (status, now) = (state.status, state.now)
        (headline, subline) = (Self.headline(state), Self.subline(state))
        time = AdminText.clock(now)
        csrf = visitor?.csrf ?? ""
        canChange = visitor != nil
        isPaused = status.paused != nil
        self.said = said
        figures = Self.figures(state)
        let rows = state.attention.map { Self.attention($0, now: now, canChange: visitor != nil) }
        attention = rows
        hasAttention = !rows.isEmpty
        let more = state.attentionCount - rows.count
        moreAttention =
            more > 0 ? "And \(AdminText.count(more, "more athlete", "more athletes")): choose the state “Needs attention” below" : nil
        nobody =
            status.athletes.total == 0
            ? "No athlete is connected yet." : "\(AdminText.count(status.athletes.total, "athlete", "athletes")), all as they should be."
        quotas = state.limits.windows.map { ShownQuota($0, now: now) }
        quotaNote = state.limits.waiting.map {
            "The next call waits\($0.until.map { " until \(AdminText.clock($0))" } ?? ""): \(WaitingReason.clause($0.reason))."
        }
        history = ShownHistory(state)
        left = state.slow.left.map(ShownHistory.Athlete.init)
        hasLeft = !left.isEmpty
        work = state.work.map { ShownWork($0, now: now) }
        hasWork = !work.isEmpty
        idle = Self.idle(state)
        waiting = ShownQueue.all(state.limits.queues)
        lag = ShownLag(state.lag, now: now)
        errors = state.slow.errors.map { ShownError($0, now: now) }
        hasErrors = !errors.isEmpty
        athleteCount = AdminText.number(status.athletes.total)
        self.list = list
        bar = Self.bar(state)
    }

    // MARK: The state in a sentence, the worst first

    private static func headline(_ state: AdminState) -> String {
        let status = state.status
        if status.silver.incident != nil { return "Silver has stopped" }
        if state.limits.circuit.state == "open" { return "Calls to Strava are stopped" }
        if status.paused != nil { return "All syncing is paused" }
        if state.attentionCount > 0 {
            return "Running; \(AdminText.count(state.attentionCount, "athlete needs", "athletes need")) you"
        }
        return status.athletes.total == 0 ? "Running; no athlete is connected yet" : "Running; nobody needs you"
    }

    private static func subline(_ state: AdminState) -> String {
        let athletes = state.status.athletes
        if athletes.total == 0 { return "Connect an athlete: their newest activities are here a minute after they agree." }
        // The list is of now, and cut off; the count is some seconds old.
        let working = max(state.work.count, state.work.count < AdminQueries.workMax ? 0 : athletes.working)
        let well = max(0, athletes.total - state.attentionCount)
        let reason = state.limits.waiting.map { WaitingReason.clause($0.reason) }
        let wait = reason.map { "the next call waits: \($0)" } ?? "nothing is held up by the quota"
        return "\(AdminText.number(well)) of \(AdminText.count(athletes.total, "athlete is", "athletes are")) as they should be. "
            + "\(AdminText.number(working)) in work, \(wait)."
    }

    /// One at most: whatever weighs most.
    private static func bar(_ state: AdminState) -> WebFrame.Bar? {
        let (status, now) = (state.status, state.now)
        if let incident = status.silver.incident {
            return .init(
                .bad, strong: "Silver has stopped",
                text:
                    "since \(AdminText.instant(incident.since, now: now)) UTC: \(AdminText.line(incident.reason)) It resumes by itself once the cause is removed."
            )
        }
        if state.limits.circuit.state == "open" {
            let until = state.limits.circuit.until.map { " until \(AdminText.clock($0))" } ?? ""
            return .init(.warn, strong: "Calls to Strava are stopped\(until):", text: QuotaWords.trouble(state.limits.circuit.reason))
        }
        if let pause = status.paused {
            let since = pause.at.map { " since \(AdminText.instant($0, now: now)) UTC" } ?? ""
            let until = pause.until.map { " until \(AdminText.instant($0, now: now)) UTC" } ?? ""
            let why = pause.reason.map { ": \(AdminText.line($0))" } ?? ""
            return .init(
                .info, strong: "All syncing is paused",
                text:
                    "\(since)\(until)\(pause.by.map { " by \(AdminText.line($0))" } ?? "")\(why). Events from Strava are kept and worked off later."
                    .trimmingCharacters(in: .whitespaces))
        }
        return status.notices.first.map {
            .init(.warn, strong: "Since \(AdminText.instant($0.since, now: now)) UTC:", text: AdminText.line($0.text))
        }
    }

    // MARK: Figures

    private static func figures(_ state: AdminState) -> [Figure] {
        let (status, slow, now) = (state.status, state.slow, state.now)
        let history = HistoryCounts(status.endpoints)
        let newest =
            slow.newestAt.map { "activities, newest listed \(AdminText.relative($0, now: now))" } ?? "activities since midnight UTC"
        return [
            history.wanted == 0
                ? Figure(label: "Complete", value: "–", meaning: "no answer is wanted yet", why: "No activity is listed yet")
                : Figure(
                    label: "Complete", value: AdminText.share(history.landed, of: history.wanted), unit: "%",
                    meaning: "\(AdminText.number(history.landed)) of \(AdminText.number(history.wanted)) answers wanted"),
            Figure(label: "New today", value: AdminText.number(slow.newToday), meaning: newest),
            eventFigure(state), silverFigure(state), databaseFigure(status.database),
        ]
    }

    private static func eventFigure(_ state: AdminState) -> Figure {
        let label = "Event to done"
        guard let seconds = state.slow.eventMedian_s else {
            let meaning = state.status.events.state == "none" ? "no event from Strava yet" : "no event in 24 hours"
            return Figure(
                label: label, value: "–", meaning: meaning, why: "Strava has announced no new activity by an event in the last 24 hours")
        }
        let parts = AdminText.span(seconds).split(separator: Character(AdminText.space), maxSplits: 1).map(String.init)
        return Figure(label: label, value: parts[0], unit: parts.count > 1 ? parts[1] : nil, meaning: "median of 24 hours, from receipt")
    }

    private static func silverFigure(_ state: AdminState) -> Figure {
        let silver = state.status.silver
        let waits = silver.oldestAt.map { ", the oldest for \(AdminText.span(state.now.timeIntervalSince($0)))" } ?? ""
        return Figure(label: "Silver behind", value: AdminText.number(silver.backlog), meaning: "activities to transform\(waits)")
    }

    private static func databaseFigure(_ size: DatabaseSizeMessage?) -> Figure {
        guard let size else { return Figure(label: "Database", value: "–", meaning: "not measured yet", why: "It is measured once a day") }
        let (value, unit) = AdminText.bytes(size.bytes)
        let free = size.diskFreeBytes.map { AdminText.bytes($0) }
        let meaning = free.map { "\($0.value)\(AdminText.space)\($0.unit) free on its disk" } ?? "on the operator's server"
        return Figure(label: "Database", value: value, unit: unit, meaning: meaning)
    }

    private static func idle(_ state: AdminState) -> String {
        if state.status.paused != nil { return "Syncing is paused." }
        return state.status.athletes.active == 0
            ? "No athlete can be synced." : "Every athlete is looked at in turn; the list below says when next."
    }

    // MARK: Needs attention

    private static func attention(_ row: AdminAttention, now: Date, canChange: Bool) -> Attention {
        if row.state == "reconnect" {
            let since = row.since.map { " since \(AdminText.instant($0, now: now)) UTC" } ?? ""
            let why = row.reason.map { ": \(AdminText.line($0))" } ?? ""
            return attention(
                row, "bad", "Reconnect", "Strava refuses access\(since)\(why). Nothing has been read since. Only the athlete can mend it.",
                connect: true, canChange)
        }
        if row.failures >= AdminQueries.failuresMin {
            let next = row.dueAt.map { " Tried again \(AdminText.relative($0, now: now))." } ?? ""
            return attention(
                row, "warn", "\(row.failures) failures",
                "The last turns failed: \(AdminText.line(row.lastError ?? "no reason was recorded")).\(next)",
                canChange)
        }
        if row.quarantined > 0 {
            return attention(
                row, "warn", "\(row.quarantined) set aside",
                "\(AdminText.count(row.quarantined, "answer", "answers")) could not be used. The rest is complete; Explain says which.",
                isQuarantine: true, canChange)
        }
        return attention(
            row, "warn", "Scope missing", "Granted without activity:read_all: private activities are not read. The rest is complete.",
            connect: true, canChange)
    }

    private static func attention(
        _ row: AdminAttention, _ tone: String, _ state: String, _ why: String, connect: Bool = false,
        isQuarantine: Bool = false, _ canChange: Bool
    ) -> Attention {
        var shown = Attention(
            tone: tone, state: state, who: row.who,
            number: row.who == AdminText.athlete(row.athlete, first: nil, last: nil) ? nil : row.athlete, why: why, button: nil,
            command: nil, explain: row.athlete)
        let command =
            connect
            ? "fitnessctl athletes connect --uid \(row.uid ?? "UID")"
            : isQuarantine ? "fitnessctl quarantine retry \(row.athlete)" : "fitnessctl retry \(row.athlete)"
        if !canChange {
            shown.command = command
        } else if connect {
            if let uid = row.uid {
                shown.button = Ask(label: "Make a connect link", action: "/actions/connect", uid: uid)
            } else {
                shown.command = command
            }
        } else {
            shown.button = Ask(
                label: "Try again", action: isQuarantine ? "/actions/retry-set-aside" : "/actions/retry", athlete: row.athlete)
        }
        return shown
    }
}
