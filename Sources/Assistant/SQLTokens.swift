/// The tokens of a statement (PostgreSQL documentation, "Lexical Structure", with standard_conforming_strings on), so that names can be told
/// from what stands in strings and comments. Pure.
struct SQLTokens {
    enum Token: Equatable {
        /// A keyword or a name as PostgreSQL reads it: in lower case unless it was quoted.
        case name(String)
        /// A string, or the text of a psql variable `:'name'`.
        case string
        case number
        /// `$1`.
        case parameter
        /// psql's `:name` and `:'name'`.
        case variable(String, isText: Bool)
        /// Punctuation and operators, character by character.
        case symbol(Character)
    }

    /// Why the text can't be taken apart.
    enum Fault: Error {
        case unterminated
        /// `E'…'`, `U&'…'` and `U&"…"`, which could hide what follows or which name is meant.
        case escapes
        case noText
    }

    let tokens: [Token]
    /// Where each token stands in the text.
    let ranges: [Range<String.UnicodeScalarView.Index>]

    init(_ text: String) throws(Fault) {
        var reader = SQLTokenReader(text.unicodeScalars)
        try reader.readAll()
        tokens = reader.tokens
        ranges = reader.ranges
    }
}

private struct SQLTokenReader {
    private let text: String.UnicodeScalarView
    private var place: String.UnicodeScalarView.Index
    var tokens: [SQLTokens.Token] = []
    var ranges: [Range<String.UnicodeScalarView.Index>] = []

    init(_ text: String.UnicodeScalarView) {
        self.text = text
        place = text.startIndex
    }

    mutating func readAll() throws(SQLTokens.Fault) {
        while let next = peek() {
            let start = place
            guard let token = try token(at: next) else { continue }
            tokens.append(token)
            ranges.append(start..<place)
        }
    }

    /// Nil: white space or a comment.
    private mutating func token(at next: Unicode.Scalar) throws(SQLTokens.Fault) -> SQLTokens.Token? {
        switch next {
        case "\0": throw .noText
        case " ", "\t", "\n", "\r", "\u{0B}", "\u{0C}":
            advance()
            return nil
        case "-" where peek(1) == "-":
            skip { $0 != "\n" && $0 != "\r" }
            return nil
        case "/" where peek(1) == "*":
            try skipComment()
            return nil
        case "'":
            try skipQuoted("'")
            return .string
        case "\"":
            return .name(try quoted("\""))
        case "$": return try dollar()
        case ":": return try colon()
        case _ where next.isDigit:
            // Letters belong to it: 1e9, 0x1F, 1_000.
            skip { $0.isDigit || $0.isNameStart || $0 == "." }
            return .number
        case _ where next.isNameStart: return try word()
        default:
            advance()
            return .symbol(Character(next))
        }
    }

    private mutating func word() throws(SQLTokens.Fault) -> SQLTokens.Token {
        let start = place
        skip { $0.isNameStart || $0.isDigit || $0 == "$" }
        let name = String(text[start..<place]).lowercasedASCII
        guard let mark = peek() else { return .name(name) }
        if name == "u", mark == "&", let quote = peek(1), quote == "'" || quote == "\"" { throw .escapes }
        if name == "e", mark == "'" { throw .escapes }
        return .name(name)
    }

    /// A string between `$tag$`, or a parameter.
    private mutating func dollar() throws(SQLTokens.Fault) -> SQLTokens.Token {
        let start = place
        advance()
        if let next = peek(), next.isDigit {
            skip { $0.isDigit }
            return .parameter
        }
        skip { $0.isNameStart || $0.isDigit }
        guard peek() == "$" else { return .symbol("$") }
        advance()
        let mark = Array(text[start..<place])
        while place < text.endIndex {
            if text[place...].starts(with: mark) {
                for _ in mark { advance() }
                return .string
            }
            advance()
        }
        throw .unterminated
    }

    private mutating func colon() throws(SQLTokens.Fault) -> SQLTokens.Token {
        advance()
        switch peek() {
        case ":":
            advance()
            return .symbol(":")
        case "'":
            let start = place
            try skipQuoted("'")
            return .variable(String(text[start..<place].dropFirst().dropLast()), isText: true)
        case let next? where next.isNameStart:
            let start = place
            skip { $0.isNameStart || $0.isDigit }
            return .variable(String(text[start..<place]), isText: false)
        default: return .symbol(":")
        }
    }

    private mutating func quoted(_ quote: Unicode.Scalar) throws(SQLTokens.Fault) -> String {
        let start = place
        try skipQuoted(quote)
        return String(text[start..<place].dropFirst().dropLast()).replacing("\"\"", with: "\"")
    }

    private mutating func skipQuoted(_ quote: Unicode.Scalar) throws(SQLTokens.Fault) {
        advance()
        while let next = peek() {
            if next == "\0" { throw .noText }
            advance()
            guard next == quote else { continue }
            guard peek() == quote else { return }
            advance()
        }
        throw .unterminated
    }

    /// Comments may be nested.
    private mutating func skipComment() throws(SQLTokens.Fault) {
        var depth = 0
        repeat {
            guard let next = peek() else { throw .unterminated }
            if next == "\0" { throw .noText }
            if next == "/", peek(1) == "*" {
                depth += 1
                advance()
            } else if next == "*", peek(1) == "/" {
                depth -= 1
                advance()
            }
            advance()
        } while depth > 0
    }

    private func peek(_ ahead: Int = 0) -> Unicode.Scalar? {
        guard let index = text.index(place, offsetBy: ahead, limitedBy: text.endIndex), index < text.endIndex else { return nil }
        return text[index]
    }

    private mutating func advance() { place = text.index(after: place) }

    private mutating func skip(_ isPart: (Unicode.Scalar) -> Bool) {
        while let next = peek(), isPart(next) { advance() }
    }
}

extension Unicode.Scalar {
    fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
    fileprivate var isNameStart: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) || self == "_" || value >= 0x80 }
}

extension String {
    /// PostgreSQL folds letters of ASCII only in a database in UTF-8.
    fileprivate var lowercasedASCII: String {
        String(String.UnicodeScalarView(unicodeScalars.map { ("A"..."Z").contains($0) ? Unicode.Scalar($0.value + 32)! : $0 }))
    }
}
