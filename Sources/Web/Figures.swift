import Foundation

/// A figure as it is shown: its digits, and its unit, which stands smaller beside a big figure.
struct Quantity: Sendable, Equatable {
    let value: String
    /// Empty: it has none.
    var unit = ""

    /// Both, with a space that does not break.
    var text: String { unit.isEmpty ? value : value + Figures.space + unit }

    /// What is not known: never 0, never a word.
    static let unknown = Quantity(value: "–")
}

/// How figures are written: one form for each kind, the same on every page. Lengths, speeds and temperatures follow the athlete's measurement
/// preference; weights stay in kilograms, since power is given by the kilogram everywhere.
///
/// Text from figures holds no markup. What is not finite, or beyond any use, is `Quantity.unknown`.
public struct Figures: Sendable, Equatable {
    /// Strava's `measurement_preference`.
    public enum System: String, Sendable {
        case metric, miles
    }

    public let system: System

    public init(_ system: System = .metric) { self.system = system }

    /// Of a profile's `measurement_system`: `feet` means miles, feet and °F.
    public init(measurementSystem: String?) { self.init(measurementSystem == "feet" ? .miles : .metric) }

    /// A space that does not break a line.
    public static let space = "\u{00A0}"
    private static let minus = "\u{2212}"
    static let metresPerMile = 1_609.344
    static let metresPerFoot = 0.3048
    static let metresPerYard = 0.9144

    /// Metres of a kilometre or a mile: what the athlete counts in.
    var metresPerUnit: Double { system == .metric ? 1_000 : Self.metresPerMile }
    var distanceUnit: String { system == .metric ? "km" : "mi" }
    var heightUnit: String { system == .metric ? "m" : "ft" }

    // MARK: Lengths

    /// 84.2 km; 9,214 km from a thousand on; swims 2,400 m. In miles and yards accordingly.
    func distance(_ metres: Double?, isSwim: Bool = false) -> Quantity {
        guard let metres, let tenths = Self.whole(metres / metresPerUnit * 10) else { return .unknown }
        if isSwim {
            let length = system == .metric ? metres : metres / Self.metresPerYard
            return Quantity(value: Self.grouped(length), unit: system == .metric ? "m" : "yd")
        }
        let value = abs(tenths) >= 10_000 ? Self.grouped(metres / metresPerUnit) : Self.decimal(tenths)
        return Quantity(value: value, unit: distanceUnit)
    }

    /// 1,240 m, 4,068 ft.
    func climb(_ metres: Double?) -> Quantity {
        guard let metres else { return .unknown }
        return Self.counted(system == .metric ? metres : metres / Self.metresPerFoot, heightUnit)
    }

    /// 14 °C, 57 °F.
    func temperature(_ celsius: Double?) -> Quantity {
        guard let celsius, let degrees = Self.whole(system == .metric ? celsius : celsius * 9 / 5 + 32) else { return .unknown }
        return Quantity(value: Self.signed(degrees, plus: ""), unit: system == .metric ? "°C" : "°F")
    }

    // MARK: Times

    /// 3:12:40 and 52:18.
    static func time(_ seconds: Double?) -> Quantity {
        guard let seconds, let whole = whole(seconds), whole >= 0 else { return .unknown }
        let (hours, rest) = (whole / 3_600, whole % 3_600)
        let tail = two(rest % 60)
        return Quantity(value: hours > 0 ? "\(hours):\(two(rest / 60)):\(tail)" : "\(rest / 60):\(tail)")
    }

    /// A sum of times: 7:26 h. From a thousand hours on without minutes.
    static func sum(_ seconds: Double?) -> Quantity {
        guard let seconds, let minutes = whole((seconds / 60).rounded(.down)), minutes >= 0 else { return .unknown }
        if minutes >= 60_000 { return Quantity(value: grouped(Double(minutes / 60)), unit: "h") }
        return Quantity(value: "\(minutes / 60):\(two(minutes % 60))", unit: "h")
    }

    /// A duration of a curve: 5 s, 20 min, 1 h, 1:30 h.
    static func duration(_ seconds: Double) -> String {
        guard let whole = whole(seconds) else { return Quantity.unknown.value }
        if whole < 60 { return "\(whole)\(space)s" }
        if whole < 3_600 { return whole % 60 == 0 ? "\(whole / 60)\(space)min" : "\(whole / 60):\(two(whole % 60))\(space)min" }
        return whole % 3_600 == 0 ? "\(whole / 3_600)\(space)h" : "\(whole / 3_600):\(two(whole % 3_600 / 60))\(space)h"
    }

    // MARK: Speeds

    /// Runs and walks 4:38 /km, swims 1:58 /100 m, all else 26.2 km/h. In miles and yards accordingly.
    func speed(_ metresPerSecond: Double?, of sport: SportKind) -> Quantity {
        guard let metresPerSecond, metresPerSecond > 0.01 else { return .unknown }
        switch sport {
        case .run, .walk: return pace(metresPerSecond)
        case .swim:
            let length = system == .metric ? 100 : 100 * Self.metresPerYard
            return Quantity(
                value: Self.time(length / metresPerSecond).value, unit: system == .metric ? "/100\(Self.space)m" : "/100\(Self.space)yd")
        case .ride, .other:
            guard let tenths = Self.whole(metresPerSecond * 3_600 / metresPerUnit * 10) else { return .unknown }
            return Quantity(value: Self.decimal(tenths), unit: system == .metric ? "km/h" : "mph")
        }
    }

    /// 4:38 /km, 7:27 /mi.
    func pace(_ metresPerSecond: Double) -> Quantity {
        guard metresPerSecond > 0.01 else { return .unknown }
        return Quantity(value: Self.time(metresPerUnit / metresPerSecond).value, unit: "/" + distanceUnit)
    }

    // MARK: Measures

    static func power(_ watts: Double?) -> Quantity { counted(watts, "W") }
    static func heartrate(_ bpm: Double?) -> Quantity { counted(bpm, "bpm") }

    /// Runs count steps of both feet; Strava sends those of one.
    static func cadence(_ rpm: Double?, of sport: SportKind) -> Quantity {
        sport == .run || sport == .walk ? counted(rpm.map { $0 * 2 }, "spm") : counted(rpm, "rpm")
    }

    /// 3.8 W/kg.
    static func relativePower(_ watts: Double?, kilograms: Double?) -> Quantity {
        guard let watts, let kilograms, kilograms > 0, let tenths = whole(watts / kilograms * 10) else { return .unknown }
        return Quantity(value: decimal(tenths), unit: "W/kg")
    }

    /// Load, fitness and fatigue have no unit.
    static func load(_ value: Double?) -> Quantity { counted(value, "") }

    /// −25, +4.
    static func form(_ value: Int) -> String { signed(value, plus: "+") }

    /// 86.6 %, rounded down, so that 100 % means all.
    static func share(_ part: Double, of all: Double) -> Quantity {
        guard all > 0, part >= 0, let tenths = whole((part / all * 1_000 + 1e-9).rounded(.down)) else { return .unknown }
        return Quantity(value: tenths >= 1_000 ? "100" : decimal(tenths), unit: "%")
    }

    /// 2,412.
    public static func count(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = String(digits.dropLast(3))
        }
        return (value < 0 ? minus : "") + ([digits[...]] + groups).joined(separator: ",")
    }

    /// "1 activity", "2,412 activities".
    static func count(_ value: Int, _ one: String, _ many: String) -> String { "\(count(value)) \(value == 1 ? one : many)" }

    // MARK: Digits

    /// The nearest whole number, halves away from zero; nil: not finite, or beyond any use.
    static func whole(_ value: Double) -> Int? {
        value.isFinite && abs(value) < 1e12 ? Int(value.rounded(.toNearestOrAwayFromZero)) : nil
    }

    private static func counted(_ value: Double?, _ unit: String) -> Quantity {
        guard let value, whole(value) != nil else { return .unknown }
        return Quantity(value: grouped(value), unit: unit)
    }

    /// Tenths with one decimal and, from a thousand on, commas.
    private static func decimal(_ tenths: Int) -> String {
        (tenths < 0 ? minus : "") + grouped(Double(abs(tenths) / 10)) + ".\(abs(tenths) % 10)"
    }

    private static func grouped(_ value: Double) -> String {
        whole(value).map { count($0) } ?? Quantity.unknown.value
    }

    private static func signed(_ value: Int, plus: String) -> String { (value < 0 ? minus : value > 0 ? plus : "") + String(abs(value)) }

    private static func two(_ value: Int) -> String { value < 10 ? "0\(value)" : String(value) }
}
