import Core
import Database
import Foundation
import Sync
import Synchronization

/// How long landed activities wait to be transformed, over the last day, looked at every ten seconds. In memory: it begins with the process.
final class SilverLag: Sendable {
    /// What is shown.
    struct Figures: Sendable {
        /// The worst wait of each step of time, in seconds, the oldest first.
        var points: [(at: Date, lag_s: Double)] = []
        var now_s = 0.0
        /// 95 of 100 looks found no longer wait; nil: no look yet.
        var most_s: Double?
    }

    static let interval = Duration.seconds(10)
    private static let kept_s = 86_400.0

    private struct Look {
        let at: Date
        let lag_s: Double
    }

    private let looks = Mutex<[Look]>([])

    /// Looks once.
    func look(_ database: Database, now: Date) async throws {
        let oldest = try await StatusReader.oldestInBacklog(in: database)
        note(max(0, oldest.map { now.timeIntervalSince($0) } ?? 0), at: now)
    }

    func note(_ lag_s: Double, at now: Date) {
        looks.withLock { looks in
            looks.append(Look(at: now, lag_s: lag_s))
            if let first = looks.first, now.timeIntervalSince(first.at) > Self.kept_s {
                looks.removeAll { now.timeIntervalSince($0.at) > Self.kept_s }
            }
        }
    }

    /// Short at first, so that there is a line soon; five minutes for a whole day.
    private static func step_s(_ span_s: Double) -> Double { span_s < 900 ? 10 : span_s < 7_200 ? 60 : 300 }

    var figures: Figures {
        let looks = looks.withLock { $0 }
        guard let last = looks.last else { return Figures() }
        var figures = Figures(now_s: last.lag_s)
        let step_s = Self.step_s(last.at.timeIntervalSince(looks[0].at))
        for look in looks {
            let at = Date(timeIntervalSince1970: (look.at.timeIntervalSince1970 / step_s).rounded(.down) * step_s)
            if let point = figures.points.last, point.at == at {
                figures.points[figures.points.count - 1].lag_s = max(point.lag_s, look.lag_s)
            } else {
                figures.points.append((at, look.lag_s))
            }
        }
        let sorted = looks.map(\.lag_s).sorted()
        figures.most_s = sorted[min(sorted.count - 1, sorted.count * 95 / 100)]
        return figures
    }
}

/// Silver's lag as a line.
struct ShownLag: Sendable {
    let now: String
    let most: String?
    let worst: String?
    let worstAt: String?
    let since: String
    let hasPlot: Bool
    let top: String
    let middle: String
    let label: String
    let area: String
    let line: String
    let times: [String]

    init(_ figures: SilverLag.Figures, now: Date) {
        self.now = AdminText.span(figures.now_s)
        most = figures.most_s.map(AdminText.span)
        let worst = figures.points.max { $0.lag_s < $1.lag_s }
        self.worst = worst.map { AdminText.span($0.lag_s) }
        worstAt = worst.flatMap { $0.lag_s > 0 ? String(AdminText.clock($0.at).prefix(5)) : nil }
        let begin = figures.points.first?.at ?? now
        since = figures.points.isEmpty ? "" : "since \(AdminText.instant(begin, now: now)) UTC"
        let top = Self.limit(worst?.lag_s ?? 0)
        (self.top, middle) = (AdminText.span(top), AdminText.span(top / 2))
        hasPlot = figures.points.count > 1
        label =
            "Seconds from landing to silver since \(AdminText.instant(begin, now: now)) UTC: at most \(AdminText.span(worst?.lag_s ?? 0))"
        let span = max(1, (figures.points.last?.at ?? now).timeIntervalSince(begin))
        let points = figures.points.map { point in
            let x = Int((point.at.timeIntervalSince(begin) / span * 1_000).rounded())
            return "\(x) \(String(format: "%.1f", 100 - min(point.lag_s / top, 1) * 100))"
        }
        line = "M" + points.joined(separator: " ")
        area = line + " L1000 100 L0 100Z"
        times = [String(AdminText.clock(begin).prefix(5)), "now"]
    }

    /// The next round number of seconds.
    private static func limit(_ seconds: Double) -> Double {
        [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400].first { $0 >= seconds } ?? seconds
    }
}
