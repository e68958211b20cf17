/// A piece of a page. What is interpolated is escaped, unless it is such a piece itself.
struct HTML: ExpressibleByStringInterpolation, Sendable {
    let text: String

    init(stringLiteral value: String) { text = value }
    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }
    private init(raw: String) { text = raw }

    /// Several pieces one after the other.
    static func joined(_ pieces: [HTML]) -> HTML { HTML(raw: pieces.map(\.text).joined()) }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
        mutating func appendInterpolation(_ value: String) { for character in value.unicodeScalars { append(character) } }
        mutating func appendInterpolation(_ value: Int) { text += String(value) }

        private mutating func append(_ character: Unicode.Scalar) {
            switch character {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(character)
            }
        }
    }
}
