import Governor

/// Looks from outside: windows, ages, shares.
extension Simulation {
    private static let sampleEvery_s = 6 * 3600.0

    /// At each quarter hour's edge, the first one at the start.
    mutating func quarterEnded() {
        let edge_s = now_s
        let toDo = world.missing.calls + schedule.overdue(at: now_s)
        let isLong = toDo >= scenario.limit.quarter
        if edge_s > World.origin_s { closeQuarter(QuotaWindow(.quarter, containing: edge_s - 1), isLong: isLong) }
        backlog.isLong = isLong
        if Int(edge_s) % 86_400 == 0 { backlog.isLongAllDay = true }
        backlog.isLongAllDay = backlog.isLongAllDay && isLong
        events.add(.quarterEnd, at: edge_s + 900)
    }

    /// A quarter hour is judged by its own limit only where nothing else binds: the day is not paced, and what it keeps for urgent calls
    /// (`DayPace.reserve`, a twentieth) is not reached.
    private mutating func closeQuarter(_ quarter: QuotaWindow, isLong: Bool) {
        let inDay = strava.count(quarter.day)
        if backlog.isLong, isLong, scenario.policy == .spend, inDay * 100 < scenario.limit.day * 94 {
            measures.quarterShares.append(Double(strava.count(quarter)) / Double(scenario.limit.quarter))
        }
        if quarter.end_s == quarter.day.end_s, backlog.isLongAllDay, isLong {
            measures.dayShares.append(Double(inDay) / Double(scenario.limit.day))
        }
    }

    mutating func sample() {
        for athlete in world.athletes where athlete.connectedAt_s != nil {
            let since = athlete.cursor.listedAt?.timeIntervalSince(World.origin) ?? athlete.connectedAt_s ?? 0
            if elapsed_s > 0 { measures.listAges_s.append(elapsed_s - since) }
        }
        events.add(.sample, at: now_s + Self.sampleEvery_s)
    }

    /// What has not landed has the age it has come to; leaving it out would make starving look good.
    mutating func finish() {
        now_s = end_s
        for (index, athlete) in world.athletes.enumerated() where athlete.connectedAt_s != nil {
            for activity in athlete.activities where activity.firstListed_s == nil || activity.isEdited || activity.callsMissing > 0 {
                measures.missing[activity.kind.rawValue] += 1
                measures.ages_s[activity.kind.rawValue].append(age_s(activity, index))
            }
        }
        measures.refused = strava.refused
        measures.newcomersWaiting = newcomers.count
        let share = measures.calls / max(1, world.athletes.count)
        measures.equalDemand = world.athletes.prefix(scenario.athletes).filter { scenario.start == .empty && $0.historyCalls > 2 * share }
            .map(\.calls)
    }
}
