import Foundation

/// Times on the wire: ISO-8601, UTC, milliseconds written, any fraction or none read.
public enum ControlTime {
    private static let precise = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let whole = Date.ISO8601FormatStyle()

    public static func text(_ date: Date) -> String { date.formatted(precise) }

    public static func date(_ text: String) -> Date? {
        (try? precise.parse(text)) ?? (try? whole.parse(text))
    }
}
