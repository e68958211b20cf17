import Foundation

/// The two kinds of window in which Strava counts calls: natural quarter hours and UTC days (docs/strava-api.md 2).
public enum QuotaSpan: String, Sendable, Codable, CaseIterable {
    case quarter
    case day

    var length_s: Int {
        switch self {
        case .quarter: 900
        case .day: 86_400
        }
    }
}

/// One window, by its first second since 1970. Unix time has no leap seconds, so all windows begin at multiples of their length.
package struct QuotaWindow: Hashable, Comparable, Sendable {
    package let span: QuotaSpan
    package let start_s: Int

    package init(_ span: QuotaSpan, containing time_s: Double) {
        self.span = span
        let length = Double(span.length_s)
        start_s = Int((time_s / length).rounded(.down)) * span.length_s
    }

    package var end_s: Int { start_s + span.length_s }
    package var startsAt: Date { Date(timeIntervalSince1970: Double(start_s)) }
    package var endsAt: Date { Date(timeIntervalSince1970: Double(end_s)) }
    package var next: QuotaWindow { QuotaWindow(span, containing: Double(end_s)) }
    package var previous: QuotaWindow { QuotaWindow(span, containing: Double(start_s - 1)) }
    /// The UTC day of this window.
    package var day: QuotaWindow { QuotaWindow(.day, containing: Double(start_s)) }

    package static func < (left: QuotaWindow, right: QuotaWindow) -> Bool { left.start_s < right.start_s }
}
