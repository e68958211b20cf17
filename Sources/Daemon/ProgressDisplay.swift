import Core
import Database
import Foundation
import Governor
import Logging
import ServiceLifecycle
import Sync

/// Progress for whoever started the daemon: on a terminal a block that is redrawn twice a second, elsewhere a line now and then; and once, when
/// everything due is in silver, a summary and where to look next.
struct ProgressDisplay: Service {
    /// Addresses to look at, printed after the summary.
    struct Places: Sendable {
        /// The private cluster's URL; nil: the operator's database.
        let psql: String?
        /// The private cluster's URL for dashboards; nil: there is none.
        let dashboards: String?
        /// The operator's pages; nil: they are off.
        let web: String?
        /// Whether these pages show everything to whoever sits at this machine.
        let isWebOpen: Bool
        let controlSocket: String
    }

    let status: StatusReader
    let governor: RateLimitGovernor
    let database: Database
    let console: Console
    let places: Places
    let clock: WallClock
    /// Print progress without a terminal, too: the demo has something to show.
    let isAlwaysOn: Bool
    let logger: Logger

    /// Time between two looks at the figures.
    private static let refreshInterval: Duration = .milliseconds(500)
    /// Least time between two lines where there is no terminal.
    private static let lineInterval: Duration = .seconds(5)

    func run() async throws {
        guard console.isTerminal || isAlwaysOn else {
            // Throws at cancellation only, which ends this service as well.
            do { try await gracefulShutdown() } catch {}
            return
        }
        await cancelWhenGracefulShutdown { await display() }
        console.show([])
    }

    private func display() async {
        let startedAt = clock.now
        var isSummarised = false
        var last = (line: "", at: Date.distantPast)
        let outage = Outage("progress can't be read, retrying", over: "progress can be read again", level: .warning)
        while !Task.isCancelled {
            do {
                let (figures, quota) = (try await status.figures(), await governor.snapshot())
                outage.isOver(logger)
                console.show(block(figures, quota))
                let line = (counts(figures) + [usage(quota)]).joined(separator: " \u{00B7} ")
                if !console.isTerminal, line != last.line, clock.now.timeIntervalSince(last.at) >= Self.lineInterval.seconds {
                    console.print(line)
                    last = (line, clock.now)
                }
                if figures.isComplete && !isSummarised {
                    try await summarise(startedAt)
                    isSummarised = true
                }
            } catch {
                if !Task.isCancelled { outage.met(error, logger) }
            }
            do { try await clock.sleep(for: Self.refreshInterval) } catch { break }
        }
    }

    // MARK: The summary

    private func summarise(_ startedAt: Date) async throws {
        let (table, athlete) = try await SilverSummary.read(database)
        let seconds = String(format: "%.1f", clock.now.timeIntervalSince(startedAt))
        let lines = ["", "Everything that is due is in silver, \(seconds) s after the start:", ""] + table.map { "  " + $0 } + [""]
        console.print((lines + whereToLook(athlete) + [""]).joined(separator: "\n"))
    }

    /// - Parameter athlete: the one with most activities; nil: there is none.
    private func whereToLook(_ athlete: Int64?) -> [String] {
        var lines = ["Look further:"]
        if let web = places.web {
            lines.append("  \(web)  the daemon's state")
            if let athlete { lines.append("  \(web)athletes/\(athlete)  an athlete's page") }
        }
        if let url = places.psql { lines.append("  psql \"\(url)\"") }
        if let url = places.dashboards { lines.append("  dashboards: \(url)") }
        let tool = InstalledProgram.beside("fitnessctl") ?? "fitnessctl"
        lines.append("  \(tool) status --socket \(places.controlSocket)")
        if places.web != nil {
            let why = places.isWebOpen ? "to change things on the pages" : "to open the pages"
            lines.append("  \(tool) admin-link --socket \(places.controlSocket)  \(why)")
        }
        lines.append("The daemon keeps running and fetches what is new; Ctrl-C stops it.")
        return lines
    }

    // MARK: Lines

    private func block(_ figures: StatusFigures, _ quota: GovernorSnapshot) -> [String] {
        let title = "\u{2500}\u{2500} fitnessd \(time(clock.now)) UTC \u{2500}\u{2500}"
        let wait = waiting(quota).map { ["waiting: \($0)"] } ?? []
        return [title] + (counts(figures) + [usage(quota)] + wait).map { "   " + $0 }
    }

    private func counts(_ figures: StatusFigures) -> [String] {
        let stored = [
            "\(figures.athleteCount) athletes", "\(figures.activityCount) activities listed", "\(figures.silverActivityCount) in silver",
            "\(figures.silverPointCount) points",
        ]
        let open = [
            (figures.dueCallCount, "calls to make"), (figures.backlogCount, "to transform"), (figures.deferredCallCount, "to retry later"),
            (figures.quarantinedCount, "in quarantine"), (figures.athleteCount("reconnect"), "must reconnect"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return [stored, open].filter { !$0.isEmpty }.map { $0.joined(separator: " \u{00B7} ") }
    }

    private func usage(_ quota: GovernorSnapshot) -> String {
        "quota \(quota.usage(.quarter)) this quarter hour, \(quota.usage(.day)) today"
    }

    private func waiting(_ quota: GovernorSnapshot) -> String? {
        // A shorter wait is over before anybody has read the line.
        guard let reason = quota.waitingReason, let until = quota.waitingUntil, until.timeIntervalSince(clock.now) > 1 else { return nil }
        return reason.rawValue.replacingOccurrences(of: "_", with: " ") + ", until \(time(until)) UTC"
    }

    private func time(_ instant: Date) -> String { instant.formatted(.iso8601.time(includingFractionalSeconds: false)) }
}

/// Silver as a table: a row for each athlete, and the total.
private enum SilverSummary {
    /// Athletes with a row of their own; the others are only in the total.
    private static let athletesMax = 12

    /// The table, and the athlete of its first row.
    static func read(_ database: Database) async throws -> (table: [String], athlete: Int64?) {
        let rows = try await database.query(
            """
            SELECT a.athlete_id, count(*), coalesce(sum(a.distance_m), 0)::float8 / 1000, coalesce(sum(a.moving_time_s), 0)::float8 / 3600,
                coalesce(sum(s.point_count), 0)::bigint, to_char(max(a.start_at), 'YYYY-MM-DD')
            FROM silver.activity a LEFT JOIN silver.activity_stream s USING (athlete_id, source_id, activity_id)
            GROUP BY a.athlete_id ORDER BY count(*) DESC, a.athlete_id
            """)
        var total = (count: 0, km: 0.0, hours: 0.0, points: 0)
        var lines = [cells("athlete", "activities", "km", "hours", "points", "newest")]
        for (index, row) in rows.enumerated() {
            let (athlete, count, km, hours, points, newest) = try row.decode(
                Int64.self, Int.self, Double.self, Double.self, Int.self, String?.self)
            total = (total.count + count, total.km + km, total.hours + hours, total.points + points)
            if index < athletesMax {
                lines.append(cells("\(athlete)", "\(count)", number(km), number(hours), "\(points)", newest ?? ""))
            }
        }
        lines.append(cells("all \(rows.count)", "\(total.count)", number(total.km), number(total.hours), "\(total.points)", ""))
        return (lines, try rows.first?.column(0))
    }

    private static func number(_ value: Double) -> String { String(format: "%.1f", value) }

    private static func cells(_ cells: String...) -> String {
        let widths = [14, 11, 10, 9, 10, 12]
        return zip(cells, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }.joined()
    }
}
