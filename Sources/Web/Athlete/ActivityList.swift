import Database
import Foundation
import OwnData

/// What a list of activities is searched by. What can't be read is left out and said.
struct ActivitySearch: Sendable {
    private static let textMax = 80
    private static let distanceMax = 100_000.0

    let text: String?
    let kind: SportKind?
    let after: LocalDay?
    let before: LocalDay?
    /// In kilometres or miles, as typed.
    let atLeast: Double?
    /// Names of fields that were left out.
    let refused: [String]

    init(_ query: PageQuery) {
        var refused: [String] = []
        func read<Value>(_ name: String, _ label: String, _ value: (String) -> Value?) -> Value? {
            guard let text = query[name] else { return nil }
            guard let value = value(text) else {
                refused.append(label)
                return nil
            }
            return value
        }
        text = read("q", "the name") { Words.cleaned($0, max: Self.textMax) }
        kind = query["sport"] == "all" ? nil : read("sport", "the sport") { SportKind(rawValue: $0) }
        after = read("after", "the first day") { OwnDay($0).map { LocalDay($0.midnight) } }
        before = read("before", "the last day") { OwnDay($0).map { LocalDay($0.midnight) } }
        atLeast = read("min", "the distance") { text in
            let isPlain = text.utf8.count <= 12 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
            return isPlain ? Double(text).flatMap { (0...Self.distanceMax).contains($0) ? $0 : nil } : nil
        }
        self.refused = refused
    }

    var isEmpty: Bool { text == nil && kind == nil && after == nil && before == nil && atLeast == nil }

    /// As the query of an address, for the links to other pages.
    var pairs: [(String, String)] {
        [
            ("q", text), ("sport", kind?.rawValue), ("after", after?.iso), ("before", before?.iso),
            ("min", atLeast.map { $0 == $0.rounded() ? String(Int($0)) : String($0) }),
        ].compactMap { name, value in value.map { (name, $0) } }
    }

    /// Which activities match; `a` is silver.activity.
    func condition(_ figures: Figures) -> SQL {
        let pattern = text.map { "%" + Self.escaped($0) + "%" }
        let atLeast_m = atLeast.map { $0 * figures.metresPerUnit }
        return """
            (\(pattern)::text IS NULL OR a.name ILIKE \(pattern))
              AND (\(kind?.families)::text[] IS NULL OR a.sport_family = ANY (\(kind?.families)))
              AND (\(after?.iso)::text IS NULL OR a.start_date_local >= \(after?.iso)::text::date)
              AND (\(before?.iso)::text IS NULL OR a.start_date_local < \(before?.iso)::text::date + 1)
              AND (\(atLeast_m)::float8 IS NULL OR a.distance_m >= \(atLeast_m))
            """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("%", with: "\\%").replacing("_", with: "\\_")
    }
}
