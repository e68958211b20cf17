import ControlAPI
import Core
import Foundation
import Governor
import Hummingbird
import Sync

extension ControlRoutes {
    func explanation(_ id: Int64) async throws -> ExplanationMessage {
        let now = dependencies.clock.now
        let athlete = try await athlete(id)
        let everything = try await PauseQueries(database: dependencies.database).everything(now: now)
        let queries = ExplanationQueries(database: dependencies.database, athlete: id, now: now)
        let calls = try await CallCounter(database: dependencies.database).count(AthleteID(id), full: false, only: nil, now: now)
        let place = try await queries.place()
        let blockers = Blockers(
            athlete: athlete, everything: everything, waiting: await limits().waiting, silver: dependencies.silver?.incident?.reason,
            now: now)
        return ExplanationMessage(
            athleteID: id, at: now, blockers: blockers.all, calls: CallsMessage(calls), historyIsUnknown: athlete.historyCompleteAt == nil,
            line: .init(
                priority: RequestClass(rawValue: place.priority)?.name ?? String(place.priority), ahead: place.ahead, dueAt: place.dueAt),
            endpoints: athlete.endpoints, gaps: try await queries.gaps(canBeTried: athlete.state == "active"))
    }

    /// Reads only: a price changes nothing.
    func price(_ id: Int64?, _ request: Request) async throws -> PriceMessage {
        let (full, only) = try priceQuery(request)
        if let id { _ = try await athlete(id) }
        let now = dependencies.clock.now
        let calls = try await CallCounter(database: dependencies.database).count(id.map { AthleteID($0) }, full: full, only: only, now: now)
        let ordinary = try await ExplanationQueries.ordinaryCallsPerDay(dependencies.database, now: now)
        let snapshot = await dependencies.governor.snapshot()
        guard let quota = QuotaSituation(snapshot, calls: calls.total, ordinaryPerDay: ordinary, isForAll: id == nil) else {
            throw ControlRefusal(.unavailable, "the governor does not know the quota yet; try again soon")
        }
        return PriceMessage(
            athletes: calls.athletes, calls: CallsMessage(calls), unknownHistories: calls.unknownHistories,
            durationS: Int(PricePlan(quota: quota, now: now).duration_s(calls: calls.total).rounded(.up)),
            ordinaryCallsPerDay: ordinary, dayLimit: quota.dayLimit, dayLeft: max(0, quota.dayLimit - quota.dayUsed))
    }

    private func priceQuery(_ request: Request) throws -> (full: Bool, only: [SyncStep]?) {
        (try RequestReading.flag(request, "full"), try RequestReading.steps(request))
    }
}

extension CallsMessage {
    init(_ calls: CallsNeeded) {
        self.init(list: calls.list, profile: calls.profile, detail: calls.detail, streams: calls.streams)
    }
}

extension QuotaSituation {
    /// One athlete goes before ordinary work, so that only all of them together wait for it; nil when the governor shows no windows.
    init?(_ snapshot: GovernorSnapshot, calls: Int, ordinaryPerDay: Int, isForAll: Bool) {
        guard let quarter = snapshot.windows.first(where: { $0.span == .quarter }),
            let day = snapshot.windows.first(where: { $0.span == .day })
        else { return nil }
        self.init(
            quarterLimit: quarter.limit, quarterUsed: quarter.used, dayLimit: day.limit, dayUsed: day.used, dayEndsAt: day.resetsAt,
            ordinaryPerDay: isForAll ? ordinaryPerDay : 0,
            isSpread: isForAll && (snapshot.policy == .spread || snapshot.policy == .automatic && calls > day.limit - day.used))
    }
}
