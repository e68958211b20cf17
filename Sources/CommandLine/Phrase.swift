import ControlAPI
import Foundation

/// Words for what several commands print: numbers, times, counts, pauses, waits.
enum Phrase {
    /// `12,345`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = String(value.magnitude)
        var grouped = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { grouped.append(",") }
            grouped.append(digit)
        }
        return value < 0 ? "-" + grouped : grouped
    }

    /// `1 athlete`, `2 athletes`.
    static func count(_ value: some BinaryInteger, _ one: String, _ many: String) -> String {
        "\(number(value)) \(value == 1 ? one : many)"
    }

    // MARK: Times

    /// `5 s`, `3 min`, `2 h 10 min`, `4 d 3 h`.
    static func span(_ seconds: Double) -> String {
        let whole = Int(seconds.magnitude.rounded())
        let rest = whole < 86_400 ? (whole % 3_600 / 60, "min") : (whole % 86_400 / 3_600, "h")
        return whole < 3_600 || rest.0 == 0 ? largestUnit(whole) : "\(largestUnit(whole)) \(rest.0) \(rest.1)"
    }

    private static func largestUnit(_ seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min"
        case ..<86_400: "\(seconds / 3_600) h"
        default: "\(seconds / 86_400) d"
        }
    }

    /// `3 min ago`, `in 2 h 10 min`, `now`.
    private static func relative(_ date: Date, now: Date, _ span: (Double) -> String) -> String {
        let distance = date.timeIntervalSince(now)
        if distance.magnitude < 1 { return "now" }
        return distance < 0 ? "\(span(distance)) ago" : "in \(span(distance))"
    }

    /// In UTC, like everything that the daemon writes: `14:05`, with the date when that is not today's.
    private static func clock(_ date: Date, now: Date) -> String {
        let text = ControlTime.text(date)
        let isToday = text.prefix(10) == ControlTime.text(now).prefix(10)
        return "\(isToday ? "" : text.prefix(10) + " ")\(text.dropFirst(11).prefix(5))"
    }

    /// In a sentence: `14:05 UTC (in 2 h 10 min)`.
    static func time(_ date: Date, now: Date) -> String { "\(clock(date, now: now)) UTC (\(relative(date, now: now, span)))" }

    /// In a table's column of times, whose head says that they are in UTC: `14:05 (in 2 h)`, `2026-01-31 14:05 (3 d ago)`; `-` for nil.
    static func cell(_ date: Date?, now: Date) -> String {
        guard let date else { return "-" }
        return "\(clock(date, now: now)) (\(relative(date, now: now) { largestUnit(Int($0.magnitude.rounded())) }))"
    }

    // MARK: Completion

    /// When histories will be complete, or why that can't be said; nil: nothing is missing.
    static func completion(_ completion: CompletionMessage, now: Date) -> String? {
        if let date = completion.completesAt { return "expected \(time(date, now: now)), if nobody new connects" }
        guard let reason = completion.unknownBecause else { return nil }
        let earliest = completion.notBefore.map { "; not before \(time($0, now: now))" } ?? ""
        return "can't be said: \(unknownReason(reason, lists: completion.unreadLists))\(earliest)"
    }

    /// Why a time of completion can't be said; a word that this tool does not know is shown as it is.
    static func unknownReason(_ word: String, lists: Int) -> String {
        UnknownBecause.clause(word, lists: lists > 1 ? number(lists) : nil)
    }

    // MARK: Sizes

    /// `512 B`, `4.2 kB`, `64 MB`, `1.3 TB`.
    static func bytes(_ bytes: Int64) -> String {
        var (value, unit) = (Double(bytes.magnitude), 0)
        let units = ["B", "kB", "MB", "GB", "TB", "PB"]
        while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1_000, unit + 1) }
        let digits = unit > 0 && value < 9.95 ? String(format: "%.1f", value) : String(Int(value.rounded()))
        return "\(bytes < 0 ? "-" : "")\(digits) \(units[unit])"
    }

    /// `1.3 GB, growing by 64 MB a day; 48 GB of 100 GB free on its disk`.
    static func size(_ size: DatabaseSizeMessage) -> String {
        var text = bytes(size.bytes)
        if let growth = size.growthPerDayBytes {
            text += growth < 0 ? ", shrinking by \(bytes(-growth)) a day" : ", growing by \(bytes(growth)) a day"
        }
        if let free = size.diskFreeBytes { text += "; \(bytes(free))\(size.diskBytes.map { " of \(bytes($0))" } ?? "") free on its disk" }
        return text
    }

    // MARK: Pauses and waits

    /// `until 14:05 UTC (in 2 h), by anna since 12:05 UTC (3 min ago): holiday`, or `until resumed`.
    static func pause(_ pause: PauseMessage, now: Date) -> String {
        let who = [pause.by.map { ", by \($0)" }, pause.at.map { "\(pause.by == nil ? "," : "") since \(time($0, now: now))" }]
        return "until \(pause.until.map { time($0, now: now) } ?? "resumed")" + who.compactMap(\.self).joined()
            + (pause.reason.map { ": \($0)" } ?? "")
    }

    // MARK: Counts

    /// `6 (list 2; profile, zones, stats and gear 2; streams 2)`.
    static func calls(_ calls: CallsMessage) -> String {
        let parts = [
            ("list", calls.list), ("profile, zones, stats and gear", calls.profile), ("detail", calls.detail), ("streams", calls.streams),
            ("activity zones", calls.activityZones ?? 0),
        ]
        let named = parts.filter { $0.1 > 0 }.map { "\($0.0) \(number($0.1))" }
        return number(calls.total) + (named.isEmpty ? "" : " (\(named.joined(separator: "; ")))")
    }

    /// The completeness ledger's counts as a table.
    static func table(_ endpoints: [EndpointCounts]) -> String {
        var table = TextTable(
            ["endpoint", "landed", "pending", "failed", "empty", "no scope", "gone", "quarantined", "expired"], numbers: Set(1...8),
            optional: Set(3...8))
        for counts in endpoints {
            let numbers = [
                counts.landed, counts.pending, counts.failed, counts.empty, counts.noScope, counts.gone, counts.quarantined, counts.expired,
            ]
            table.add([counts.endpoint] + numbers.map { number($0) })
        }
        return table.text
    }

    /// `17 activities with an implausibly low heart rate`.
    static func quality(_ counts: [QualityCount]) -> String {
        if counts.isEmpty { return "no findings" }
        return counts.map { finding in
            let noun =
                isOfAthlete(finding.check)
                ? count(finding.activities, "athlete", "athletes") : count(finding.activities, "activity", "activities")
            return "\(noun) with \(findings[finding.check] ?? "an implausible \(measure(finding.check))")"
        }.joined(separator: ", ")
    }

    /// Checks of `silver.quality_check` that measure profile, zones or gear.
    private static func isOfAthlete(_ check: String) -> Bool {
        ["ftp_", "weight_kg", "gear_", "zone_"].contains { check.hasPrefix($0) }
    }

    /// `average speed` of `average_speed_mps`.
    private static func measure(_ check: String) -> String {
        let words = check.split(separator: "_")
        let units: Set<Substring> = ["bpm", "c", "kcal", "kg", "kj", "m", "mps", "rpm", "s", "w"]
        return (words.last.map(units.contains) ?? false ? words.dropLast() : words[...]).joined(separator: " ")
    }

    private static let findings = [
        "distance_percent": "different distances in summary and streams",
        "load_per_h": "an implausibly high training load",
        "longest_step_s": "more than a day between two points",
        "outlier_altitude_points": "outliers of the altitude",
        "outlier_cadence_points": "outliers of the cadence",
        "outlier_distance_points": "outliers of the distance",
        "outlier_heartrate_points": "outliers of the heart rate",
        "outlier_position_points": "outliers of the position",
        "outlier_power_points": "outliers of the power",
        "outlier_time_points": "outliers of the time",
        "point_count": "implausibly few or many points",
        "recorded_percent": "much less recorded than the time in motion",
        "short_points": "streams of different lengths",
        "time_disorder_points": "points out of order",
    ]
}
