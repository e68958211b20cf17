import Core
import Foundation
import Logging
import ServiceLifecycle

/// Where to look next; said once, after the first summary.
struct Places: Sendable {
    /// The private cluster's URL; nil when the operator has a database of their own.
    let psql: String?
    let web: String?
    let controlSocket: String

    /// The tool beside this program, where there is one.
    var fitnessctl: String {
        InstalledProgram.beside("fitnessctl") ?? "fitnessctl"
    }
}

/// Live progress for the one who started the daemon: a block that is drawn anew each second on a terminal, a line now and then elsewhere;
/// and once, when everything due is in silver, a summary and where to look next.
struct ProgressDisplay: Service {
    let progress: ProgressReader
    let console: Console
    let places: Places
    let clock: WallClock
    /// Speak even where there is no terminal: the demo has something to show.
    let always: Bool
    let logger: Logger

    /// Time between two looks: on a terminal, and without one.
    private static let drawn: Duration = .milliseconds(500)
    private static let spoken: Duration = .seconds(5)

    func run() async throws {
        guard console.isTerminal || always else {
            // Its error is the cancellation, which ends this service as well.
            do { try await gracefulShutdown() } catch {}
            return
        }
        await cancelWhenGracefulShutdown { await display() }
        console.show([])
    }

    private func display() async {
        let startedAt = clock.now
        var isSummarised = false
        var last = Progress()
        var spokenAt = Date.distantPast
        let outage = Outage("progress not readable", over: "progress readable again", level: .warning)
        while !Task.isCancelled {
            do {
                let now = try await progress.read()
                outage.isOver(logger)
                console.show(block(now))
                if !console.isTerminal, now != last, clock.now.timeIntervalSince(spokenAt) >= Self.spoken.seconds {
                    console.say(line(now))
                    (last, spokenAt) = (now, clock.now)
                }
                if now.isComplete && !isSummarised {
                    try await summarise(startedAt)
                    isSummarised = true
                }
            } catch {
                if !Task.isCancelled { outage.met(error, logger) }
            }
            do { try await clock.sleep(for: Self.drawn) } catch { break }
        }
    }

    private func summarise(_ startedAt: Date) async throws {
        let lines = try await SilverSummary(database: progress.database).lines()
        let seconds = clock.now.timeIntervalSince(startedAt)
        console.say("")
        console.say("Everything that is due is in silver, \(String(format: "%.1f", seconds)) s after the start:")
        console.say("")
        for line in lines { console.say("  " + line) }
        console.say("")
        for line in whereToLook() { console.say(line) }
        console.say("")
    }

    private func whereToLook() -> [String] {
        var lines = ["Look further:"]
        if let url = places.psql { lines.append("  psql \"\(url)\"") }
        lines.append("  \(places.fitnessctl) status --socket \(places.controlSocket)")
        if let web = places.web { lines.append("  \(web)") }
        lines.append("It goes on running and fetches what is new; Ctrl-C stops it.")
        return lines
    }

    private func block(_ now: Progress) -> [String] {
        let time = clock.now.formatted(.iso8601.time(includingFractionalSeconds: false))
        return ["\u{2500}\u{2500} fitnessd \(time) UTC \u{2500}\u{2500}"] + (counts(now) + [quota(now)]).map { "   " + $0 }
            + (waiting(now).map { ["   waits: \($0)"] } ?? [])
    }

    private func line(_ now: Progress) -> String { (counts(now) + [quota(now)]).joined(separator: " \u{00B7} ") }

    private func counts(_ now: Progress) -> [String] {
        let have = [
            "\(now.athletes) athletes", "\(now.activities) activities listed", "\(now.silverActivities) in silver", "\(now.points) points",
        ]
        let open = [
            (now.pending, "calls to make"), (now.silverBacklog, "to transform"), (now.waiting, "to try later"),
            (now.quarantined, "in quarantine"), (now.reconnect, "must reconnect"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return [have, open].filter { !$0.isEmpty }.map { $0.joined(separator: " \u{00B7} ") }
    }

    private func quota(_ now: Progress) -> String {
        "quota \(now.quarterUsed)/\(now.quarterLimit) this quarter hour, \(now.dayUsed)/\(now.dayLimit) today"
    }

    private func waiting(_ now: Progress) -> String? {
        // A wait that ends before anybody has read it is not worth a line.
        guard let reason = now.waitingReason, now.waitingUntil.map({ $0.timeIntervalSince(clock.now) > 1 }) ?? false else { return nil }
        let until = now.waitingUntil.map { ", until \($0.formatted(.iso8601.time(includingFractionalSeconds: false))) UTC" } ?? ""
        return reason.replacingOccurrences(of: "_", with: " ") + until
    }
}
