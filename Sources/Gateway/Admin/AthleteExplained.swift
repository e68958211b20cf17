import ControlAPI
import Core
import Foundation
import HTTPTypes
import Hummingbird

/// `/explain/ID`: where an athlete stands, what is missing and why, and what comes next, as `fitnessctl explain` tells it.
extension AdminRoutes {
    func explain(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let visitor = try await visitor(request, context)
        guard let id = context.parameters.get("id").flatMap({ Int64($0) }), id > 0 else { throw HTTPError(.notFound) }
        let athlete: AthleteMessage = try await control.read(ControlTarget(.athlete, athlete: id))
        let explanation: ExplanationMessage = try await control.read(ControlTarget(.explanation, athlete: id))
        let names = try await database.query("SELECT first_name, last_name FROM silver.athlete WHERE athlete_id = \(id) AND source_id = 1")
        let (first, last) = try names.first?.decode(String?.self, String?.self) ?? (nil, nil)
        let page = AthleteExplained(athlete, explanation, who: AdminText.athlete(id, first: first, last: last))
        return PageAnswer.response(pages.page(.adminExplain, page, in: frame("\(page.who): where it stands", "", visitor)))
    }
}

/// For `admin/explain.mustache`.
struct AthleteExplained: Sendable {
    struct Gap: Sendable {
        let what: String
        let state: String
        let count: String
        let why: String
        let next: String
    }

    let who: String
    let sub: String
    let number: Int64
    let standing: [String]
    let next: [String]
    let hasGaps: Bool
    let gaps: [Gap]

    init(_ athlete: AthleteMessage, _ explanation: ExplanationMessage, who: String) {
        let now = explanation.at
        self.who = who
        number = athlete.athleteID
        sub = "\(athlete.athleteID)\(athlete.uid.map { " · \($0)" } ?? "") · connected \(AdminText.day(athlete.connectedAt, now: now))"
        let blockers = explanation.blockers.map { Self.sentence($0, now: now) }
        standing = (blockers.isEmpty ? ["Nothing blocks this athlete."] : blockers) + Self.facts(athlete, now: now)
        next = Self.next(athlete, explanation, now: now)
        gaps = explanation.gaps.map { gap in
            Gap(
                what: AdminText.line(gap.endpoint.replacing("_", with: " ")), state: AdminText.line(gap.state.replacing("_", with: " ")),
                count: AdminText.number(gap.count),
                why: AdminText.line([gap.reason, gap.detail].compactMap(\.self).joined(separator: ": ")),
                next: gap.nextTryAt.map { AdminText.relative($0, now: now) } ?? "–")
        }
        hasGaps = !gaps.isEmpty
    }

    private static func facts(_ athlete: AthleteMessage, now: Date) -> [String] {
        var facts = ["\(AdminText.count(athlete.activities, "activity", "activities")) listed"]
        if let newest = athlete.newestStartAt { facts[0] += ", the newest started \(AdminText.instant(newest, now: now)) UTC" }
        let missing = GrantedScopes(redirect: nil, answer: athlete.scope).missing
        facts.append(missing.isEmpty ? "All scopes were granted." : "Not granted: \(missing.joined(separator: ", "))")
        if let error = athlete.schedule.lastError { facts.append("The last turn failed: \(AdminText.line(error))") }
        return facts
    }

    private static func sentence(_ blocker: ExplanationMessage.Blocker, now: Date) -> String {
        let until = blocker.until.map { " until \(AdminText.instant($0, now: now)) UTC" } ?? ""
        let detail = blocker.detail.map { ": \(AdminText.line($0))" } ?? ""
        let quota = blocker.detail.map { ": \(WaitingReason.clause($0))" } ?? ""
        let by = blocker.by.map { " by \(AdminText.line($0))" } ?? ""
        return switch blocker.reason {
        case "paused": "Paused\(by)\(until)\(detail)"
        case "everything_paused": "All syncing is paused\(by)\(until)\(detail)"
        case "waiting_for_quota": "In work, waiting for the quota\(until)\(quota)"
        case "backing_off": "The last turn failed\(detail)"
        case "in_line": "Due, in line\(until)\(quota)"
        case "working": "In work now"
        case "working_elsewhere": "In work, in another fitnessd on this database"
        case "refresh_unanswered": "A token refresh got no answer\(detail)"
        case "silver_stopped": "Silver has stopped, so that what is fetched does not appear\(detail)"
        case "erasing": "Being erased"
        case "reconnect": "Strava refuses access\(detail). The athlete must connect again."
        default: AdminText.line(blocker.reason.replacing("_", with: " ")) + until + detail
        }
    }

    private static func next(_ athlete: AthleteMessage, _ explanation: ExplanationMessage, now: Date) -> [String] {
        var next: [String] = []
        if athlete.state == "active" {
            next.append(
                explanation.line.dueAt.map {
                    $0 <= now
                        ? "Due now, \(AdminText.number(explanation.line.ahead)) ahead in line"
                        : "Next turn \(AdminText.relative($0, now: now)), at \(AdminText.instant($0, now: now)) UTC"
                }
                    ?? "No turn is planned")
            let calls = AdminText.count(explanation.calls.total, "call", "calls")
            next.append("\(explanation.historyIsUnknown ? "At least " : "")\(calls) to Strava left")
        } else {
            next.append("Nothing, before the athlete has connected again")
        }
        if let date = explanation.completion?.completesAt {
            next.append("Complete about \(AdminText.instant(date, now: now)) UTC, if nobody new connects")
        } else if let reason = explanation.completion?.unknownBecause {
            next.append(
                "When it will be complete can't be said: \(QuotaWords.unknown(reason, lists: explanation.completion?.unreadLists ?? 1))")
        }
        if let count = explanation.quarantined, count > 0 {
            next.append(
                "\(AdminText.count(count, "answer", "answers")) set aside: fitnessctl quarantine list --athlete \(athlete.athleteID)")
        }
        return next
    }
}
