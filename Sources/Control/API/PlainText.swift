/// Makes text from outside (a name, a reason, an error) safe for a terminal or a log line: without control sequences, changes of reading
/// direction and invisible characters.
public enum PlainText {
    /// Replaces an unsafe character.
    static let replacement: Unicode.Scalar = "\u{FFFD}"

    /// One line of text: line feeds and tabs are replaced, too.
    public static func of(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isUnsafe($0) ? replacement : $0 }))
    }

    /// A snake_case word of an open list for people, when nobody here knows a better way to say it.
    static func unknownWord(_ word: String) -> String { of(String(word.prefix(100)).replacing("_", with: " ")) }

    /// JSON with the same meaning, in which unsafe characters are written as `\uXXXX`. They can only be in strings; layout between the strings
    /// stays.
    public static func escapingJSON(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) && !isLayout($0) }) else { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if isUnsafe(scalar), !isLayout(scalar) {
                for unit in String(scalar).utf16 { escaped += "\\u" + hexadecimal(unit) }
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// JSON whose strings are cleaned as by `of`, including characters written as `\uXXXX` or `\n`.
    public static func cleaningJSON(_ text: String) -> String {
        var cleaned = ""
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            if scalar == "\\" {
                cleaned += escape(&rest)
            } else {
                cleaned.unicodeScalars.append(isUnsafe(scalar) && !isLayout(scalar) ? replacement : scalar)
            }
        }
        return cleaned
    }

    /// One escape sequence (RFC 8259, section 7) whose backslash was read already; returns it with the backslash.
    private static func escape(_ rest: inout Substring.UnicodeScalarView) -> String {
        guard let kind = rest.popFirst() else { return "\\" }
        if "bfnrt".unicodeScalars.contains(kind) { return String(replacement) }
        guard kind == "u", let unit = unit(rest) else { return "\\" + String(kind) }
        rest = rest.dropFirst(4)
        let first = "\\u" + hexadecimal(unit)
        guard let scalar = Unicode.Scalar(unit) else {
            // Half of a surrogate pair: the other half follows as another escape.
            guard rest.starts(with: "\\u".unicodeScalars), let low = self.unit(rest.dropFirst(2)) else { return first }
            rest = rest.dropFirst(6)
            let both = String(decoding: [unit, low], as: UTF16.self).unicodeScalars
            return both.contains(where: isUnsafe) ? String(replacement) : first + "\\u" + hexadecimal(low)
        }
        return isUnsafe(scalar) ? String(replacement) : first
    }

    private static func unit(_ digits: Substring.UnicodeScalarView) -> UInt16? {
        let four = digits.prefix(4)
        return four.count == 4 ? UInt16(String(four), radix: 16) : nil
    }

    /// Lines of text: line feeds and tabs stay.
    public static func rows(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isUnsafe($0) && !isLayout($0) ? replacement : $0 }))
    }

    /// Control characters (C0, DEL, C1), invisible and bidirectional ones (Unicode's format characters among them), and line and paragraph
    /// separators. Variation selectors are allowed: they only change the look of the character before them.
    static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x20, scalar.value < 0x7F { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
        default: return scalar.properties.isDefaultIgnorableCodePoint && !(0xFE00...0xFE0F).contains(scalar.value)
        }
    }

    private static func isLayout(_ scalar: Unicode.Scalar) -> Bool { scalar == "\n" || scalar == "\t" }

    private static func hexadecimal(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16, uppercase: true)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
