import ArgumentParser
import ControlAPI
import Foundation

/// The sports that thresholds are set for.
enum SportArgument: String, CaseIterable, ExpressibleByArgument { case run, ride, swim, all }

/// Thresholds as people name them, with values in the units in which people give them.
enum ThresholdArgument: String, CaseIterable, ExpressibleByArgument {
    case power, pace
    case thresholdHeartrate = "threshold-heartrate"
    case maxHeartrate = "max-heartrate"
    case restHeartrate = "rest-heartrate"
    case criticalPower = "critical-power"
    case wPrime = "w-prime"

    /// The control API's word.
    var word: String { rawValue.replacing("-", with: "_") }

    var example: String {
        switch self {
        case .power, .criticalPower: "watts, as in 285"
        case .pace: "minutes and seconds, as in 4:30, 4:30/km, 7:15/mi, 1:35/100m or 1:27/100yd"
        case .thresholdHeartrate, .maxHeartrate, .restHeartrate: "beats per minute, as in 172"
        case .wPrime: "kilojoules, as in 20"
        }
    }

    /// The value in the API's unit; nil: the text is not such a value.
    func value(_ text: String, of sport: SportArgument?) -> Double? {
        switch self {
        case .power, .criticalPower: Self.number(text, unit: "w")
        case .pace: Self.speed(text, per: sport == .swim ? "100m" : "km")
        case .thresholdHeartrate, .maxHeartrate, .restHeartrate: Self.number(text, unit: "bpm")
        case .wPrime: Self.number(text, unit: "kj").map { $0 * 1_000 }
        }
    }

    private static func number(_ text: String, unit: String) -> Double? {
        var digits = text.lowercased()
        if digits.hasSuffix(unit) { digits = String(digits.dropLast(unit.count)) }
        digits = digits.trimmingCharacters(in: .whitespaces)
        return digits.wholeMatch(of: /\d{1,6}(\.\d{1,6})?/) == nil ? nil : Double(digits)
    }

    /// Metres in what a pace counts its time for.
    private static let metres: [String: Double] = ["km": 1_000, "mi": 1_609.344, "100m": 100, "100yd": 91.44]

    /// - Parameter way: what the time is for when the text does not say.
    private static func speed(_ text: String, per way: String) -> Double? {
        let parts = text.lowercased().filter { $0 != " " }.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let metres = metres[parts.count == 2 ? String(parts[1]) : way],
            let time = parts[0].wholeMatch(of: /(\d{1,2}):([0-5]\d(?:\.\d{1,3})?)/), let minutes = Double(time.1),
            let seconds = Double(time.2)
        else { return nil }
        let time_s = minutes * 60 + seconds
        return time_s > 0 ? metres / time_s : nil
    }
}

/// What is set for an athlete, as a table.
enum ThresholdText {
    static func text(_ message: ThresholdsMessage) -> String {
        guard !message.thresholds.isEmpty else {
            return "no thresholds are set for athlete \(message.athleteID); set one with fitnessctl athletes set-threshold"
        }
        var table = TextTable(["sport", "metric", "from", "value"], numbers: [3])
        for threshold in message.thresholds {
            table.add([threshold.sport, threshold.metric.replacing("_", with: "-"), threshold.validFrom, value(threshold)])
        }
        return table.text
    }

    private static func value(_ threshold: ThresholdsMessage.Threshold) -> String {
        switch threshold.unit {
        case "m/s" where threshold.sport == "swim": "\(time(100 / threshold.value)) /100 m"
        case "m/s": "\(time(1_000 / threshold.value)) /km"
        case "J": "\(number(threshold.value / 1_000)) kJ"
        default: "\(number(threshold.value)) \(threshold.unit)"
        }
    }

    /// `4:30`, with a tenth of a second if it is not a whole one.
    private static func time(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        let (minutes, rest) = (tenths / 600, tenths % 600)
        let whole = String(format: "%d:%02d", minutes, rest / 10)
        return rest % 10 == 0 ? whole : whole + ".\(rest % 10)"
    }

    private static func number(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
