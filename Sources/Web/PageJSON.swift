import Foundation

/// JSON that stands in a page.
enum PageJSON {
    /// Without `<`, `>` and `&`, so that it can't end the element it stands in, nor begin one.
    static func text(_ content: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "", negativeInfinity: "", nan: "")
        guard let data = try? encoder.encode(content) else { return "{}" }
        return safe(String(decoding: data, as: UTF8.self))
    }

    /// The same for JSON that is there already.
    static func safe(_ json: String) -> String {
        var text = ""
        text.reserveCapacity(json.utf8.count)
        for scalar in json.unicodeScalars {
            switch scalar {
            case "<": text += "\\u003c"
            case ">": text += "\\u003e"
            case "&": text += "\\u0026"
            case "\u{2028}", "\u{2029}": text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// A number with so many decimals at most; nil: none.
    static func rounded(_ value: Double?, _ decimals: Int = 1) -> Decimal? {
        guard let value, value.isFinite, abs(value) < 1e9 else { return nil }
        let scale = [1.0, 10, 100, 1_000, 10_000, 100_000, 1_000_000][min(decimals, 6)]
        return Decimal(Int((value * scale).rounded())) / Decimal(Int(scale))
    }
}
