import ControlAPI
import Foundation

/// One window of the quota as a bar: used, in flight, kept, free.
struct ShownQuota: Sendable {
    struct Part: Sendable {
        let x: String
        let width: String
        let tone: String
    }

    struct Key: Sendable {
        let name: String
        let count: String
        /// Nil: no part of the bar is coloured for it.
        let tone: String?
    }

    let name: String
    let resets: String
    let used: String
    let limit: String
    let label: String
    let parts: [Part]
    let keys: [Key]

    init(_ window: QuotaWindowMessage, now: Date) {
        let isDay = window.window == "day"
        let limit = max(window.limit, 1)
        // Calls in flight count as used.
        let inFlight = min(window.reserved, window.used)
        let used = min(window.used - inFlight, limit)
        let kept = min(window.kept ?? 0, max(0, limit - used - inFlight))
        let free = max(0, limit - used - inFlight - kept)
        name = isDay ? "Day" : "Quarter hour"
        let left = Int(max(0, window.resetsAt.timeIntervalSince(now)))
        resets = isDay ? "resets at 00:00 UTC" : "resets in \(left / 60):\(left % 60 < 10 ? "0" : "")\(left % 60)"
        self.used = AdminText.number(used)
        self.limit = AdminText.number(limit)
        label =
            "\(AdminText.number(used)) of \(AdminText.number(limit)) calls used, \(AdminText.number(inFlight)) in flight, "
            + "\(AdminText.number(kept)) kept for live work, \(AdminText.number(free)) free"
        var (x, parts) = (0, [Part]())
        for (count, tone) in [(used, window.exhausted ? "f-bad" : "f-acc"), (inFlight, "f-soft"), (kept, "f-mid")] where count > 0 {
            parts.append(
                Part(x: AdminText.width(Double(x), of: Double(limit)), width: AdminText.width(Double(count), of: Double(limit)), tone: tone)
            )
            x += count
        }
        self.parts = parts
        keys =
            [
                Key(name: "Used", count: AdminText.number(used), tone: window.exhausted ? "f-bad" : "f-acc"),
                Key(name: "In flight", count: AdminText.number(inFlight), tone: "f-soft"),
                Key(name: "Kept for live work", count: AdminText.number(kept), tone: "f-mid"),
                Key(name: "Free", count: AdminText.number(free), tone: nil),
            ] + (window.foreign > 0 ? [Key(name: "Made by others", count: AdminText.number(window.foreign), tone: nil)] : [])
    }
}

/// Answers by what became of them, of details, streams and zones. Lists bring the summaries by the way.
struct HistoryCounts: Sendable {
    let landed: Int
    let wanted: Int

    init(_ endpoints: [EndpointCounts]) {
        let fetched = endpoints.filter { $0.endpoint != "summary" }
        landed = fetched.reduce(0) { $0 + $1.landed }
        wanted = fetched.reduce(0) { $0 + $1.landed + $1.pending + $1.failed + $1.quarantined }
    }
}

/// How much of the histories is here, and when the rest will be.
struct ShownHistory: Sendable {
    /// An athlete with answers missing.
    struct Athlete: Sendable {
        let who: String
        let count: String
        let label: String
        let width: String

        init(_ left: AdminLeft) {
            let landed = max(0, left.all - left.left)
            who = left.who
            count = "\(AdminText.number(landed)) of \(AdminText.number(left.all))"
            label = "\(left.who): \(AdminText.share(landed, of: max(left.all, 1))) per cent"
            width = AdminText.width(Double(landed), of: Double(left.all))
        }
    }

    let share: String
    let unit: String?
    let of: String
    let label: String
    let width: String
    /// When; nil: it can't be said, or all is here.
    let when: String?
    let reason: String

    init(_ state: AdminState) {
        let counts = HistoryCounts(state.status.endpoints)
        if counts.wanted == 0 {
            (share, unit, of, label, width) = ("–", nil, "", "No answer is wanted yet", "0")
        } else {
            (share, unit) = (AdminText.share(counts.landed, of: counts.wanted), "%")
            of = "of \(AdminText.count(counts.wanted, "answer", "answers"))"
            label = "History \(share) per cent complete"
            width = AdminText.width(Double(counts.landed), of: Double(counts.wanted))
        }
        (when, reason) = Self.completion(state)
    }

    private static func completion(_ state: AdminState) -> (String?, String) {
        let now = state.now
        guard let completion = state.status.completion else { return (nil, "When it will be complete is not known yet.") }
        let calls = AdminText.count(completion.callsLeft, "call", "calls")
        if let date = completion.completesAt {
            let dayEnd = state.limits.windows.first { $0.window == "day" }?.resetsAt
            let why = dayEnd.map { date > $0 } ?? false ? "the day’s quota does not last for all of it" : "today’s quota lasts for it"
            return (
                "Complete on \(AdminText.day(date, now: now)), about \(AdminText.clock(date).prefix(5)) UTC",
                "(\(AdminText.relative(date, now: now))) if nobody new connects: \(calls) left, \(why)."
            )
        }
        if let reason = completion.unknownBecause {
            let earliest = completion.notBefore.map { " Not before \(AdminText.instant($0, now: now)) UTC." } ?? ""
            return (nil, "When it will be complete can't be said: \(QuotaWords.unknown(reason, lists: completion.unreadLists)).\(earliest)")
        }
        return (nil, state.status.athletes.active == 0 ? "No athlete is synced." : "Everything that Strava lists is here.")
    }
}

/// An athlete in work.
struct ShownWork: Sendable {
    let who: String
    let doing: String
    let left: String
    let since: ShownTime

    init(_ work: AdminWork, now: Date) {
        who = work.who
        left = AdminText.number(work.left)
        since = ShownTime(work.startedAt, now: now, otherwise: "The turn has just been given")
        doing = Self.words(work, now: now)
    }

    private static func words(_ work: AdminWork, now: Date) -> String {
        let reach = work.nextStartAt.map { "activities of \(AdminText.day($0, now: now)) and before" }
        if work.priority == 1 { return "New activity from an event: detail and streams" }
        if let page = work.walkPage { return "Reading the whole list, page \(page)" }
        if let reach, work.left > 0 { return (work.isAskedFor ? "Asked for: " : "History: ") + reach }
        return work.isAskedFor ? "Sync that was asked for" : "Looking for new activities"
    }
}

/// Calls of one class.
struct ShownQueue: Sendable {
    let name: String
    let count: String
    let width: String
    let made: String

    private static let names = ["connect": "Asked for", "live": "Live", "incremental": "Check", "repair": "Repair", "history": "History"]

    static func all(_ queues: [LimitsMessage.ClassQueue]) -> [ShownQueue] {
        let most = Double(max(queues.map(\.waiting).max() ?? 0, 10))
        return queues.map { queue in
            ShownQueue(
                name: names[queue.requestClass] ?? queue.requestClass, count: AdminText.number(queue.waiting),
                width: AdminText.width(Double(queue.waiting), of: most), made: "\(AdminText.number(queue.granted)) made")
        }
    }
}

/// A turn that failed, and what becomes of it.
struct ShownError: Sendable {
    let iso: String
    let time: String
    let who: String
    let during: String
    let what: String
    /// When a later turn went well; nil: none yet.
    let mended: String?
    /// What comes next; nil: it is mended.
    let next: String?

    init(_ error: AdminError, now: Date) {
        iso = ControlTime.text(error.at)
        time = AdminText.instant(error.at, now: now, seconds: true)
        who = error.who
        during = error.isAskedFor ? "Asked for" : "Schedule"
        what = AdminText.line(error.error)
        mended = error.mendedAt.map { "Mended \(AdminText.instant($0, now: now, seconds: true))" }
        next = error.mendedAt == nil ? Self.next(error, now: now) : nil
    }

    private static func next(_ error: AdminError, now: Date) -> String {
        switch error.state {
        case "reconnect": return "The athlete must connect again"
        case "erasing": return "The athlete is being erased"
        default: break
        }
        guard let dueAt = error.dueAt else { return "Not planned" }
        return dueAt <= now ? "Tried again now" : "Tried again \(AdminText.relative(dueAt, now: now))"
    }
}

/// Words for what the control API says in single words of open lists.
enum QuotaWords {
    static func trouble(_ word: String?) -> String {
        word.map { "\(AdminText.line($0.replacing("_", with: " "))). They go on by themselves." } ?? "they go on by themselves."
    }

    /// Why a time of completion can't be said.
    static func unknown(_ word: String, lists: Int) -> String {
        UnknownBecause.clause(word, lists: lists > 1 ? AdminText.number(lists) : nil)
    }
}
