import Foundation

/// A file of settings, read by the rules of systemd's EnvironmentFile (systemd.exec(5)), so that the unit and `--config` read one file alike:
/// `KEY=value` lines; `#` and `;` start a comment only at the start of a line; 'single' and "double" quotes; a backslash escapes the next
/// character, and at the end of a line joins the next one.
///
/// Lines that systemd would read differently from what was probably meant are faults: `export`, a comment after a value, an unclosed quote.
struct ConfigurationFile: Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var faults: [String] = []

    /// Settings are a few lines; a larger file is the wrong one.
    private static let bytesMax = 1 << 20

    private let path: String
    private var rest: Substring
    private var line = 1

    init(path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: Self.bytesMax + 1) ?? Data() else {
            throw ConfigurationError("the configuration file \(path) can't be read: check its path and permissions")
        }
        guard data.count <= Self.bytesMax, let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(
                "the configuration file \(path) is not UTF-8 text of at most 1 MB: name the file that holds the settings")
        }
        self.init(text: text, path: path)
    }

    private init(text: String, path: String) {
        self.path = path
        // A byte order mark belongs to no key, a carriage return to no value.
        let text = text.replacing("\r\n", with: "\n")
        rest = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        while !rest.isEmpty { readLine() }
        rest = ""
    }

    private mutating func readLine() {
        skipBlanks()
        let number = line
        guard let first = rest.first else { return }
        if first == "\n" { return next() }
        if first == "#" || first == ";" { return skipLine() }
        let before = rest.prefix { $0 != "\n" && $0 != "=" }
        rest = rest.dropFirst(before.count)
        guard rest.first == "=", let key = key(String(before), number) else {
            if rest.first != "=" { fault(number, "is not KEY=value") }
            return skipLine()
        }
        rest = rest.dropFirst()
        values[key] = value(number)
    }

    private mutating func key(_ text: String, _ number: Int) -> String? {
        let words = text.split { $0 == " " || $0 == "\t" }
        if words.count == 2, words[0] == "export" {
            fault(number, "begins with export, which only a shell knows: write \(words[1])=…")
            return nil
        }
        guard words.count == 1 else {
            fault(number, "is not KEY=value")
            return nil
        }
        return String(words[0])
    }

    /// Reads from the equals sign to the end of the line, or of a later line if quotes or backslashes join them.
    private mutating func value(_ number: Int) -> String {
        var value = ""
        skipBlanks()
        while let quote = rest.first, quote == "'" || quote == "\"" {
            next()
            readQuoted(by: quote, into: &value, number)
            skipBlanks()
        }
        if !value.isEmpty, rest.first == "#" { return endAtComment(value, number) }
        readBare(into: &value, number)
        return value
    }

    private mutating func readQuoted(by quote: Character, into value: inout String, _ number: Int) {
        while let letter = rest.first, letter != quote {
            next()
            guard letter == "\\", quote == "\"", let escaped = rest.first else {
                value.append(letter)
                continue
            }
            next()
            if "\"\\`$".contains(escaped) { value.append(escaped) } else if escaped != "\n" { value += "\\\(escaped)" }
        }
        if rest.isEmpty { fault(number, "has a quote that is not closed") } else { next() }
    }

    private mutating func readBare(into value: inout String, _ number: Int) {
        var blanks = ""
        while let letter = rest.first, letter != "\n" {
            next()
            if letter == " " || letter == "\t" {
                blanks.append(letter)
                continue
            }
            if letter == "#", !blanks.isEmpty {
                value = endAtComment(value, number)
                return
            }
            value += blanks
            blanks = ""
            guard letter == "\\" else {
                value.append(letter)
                continue
            }
            if let escaped = rest.first {
                next()
                if escaped != "\n" { value.append(escaped) }
            }
        }
    }

    /// Returns the value as it was meant, so that it causes no second fault.
    private mutating func endAtComment(_ value: String, _ number: Int) -> String {
        fault(
            number, "has a # after its value, which would become part of it: put the comment on a line of its own, or the value in quotes")
        skipLine()
        return value
    }

    private mutating func fault(_ number: Int, _ sentence: String) { faults.append("line \(number) of \(path) \(sentence)") }

    private mutating func skipBlanks() {
        while let letter = rest.first, letter == " " || letter == "\t" || letter == "\r" { next() }
    }

    private mutating func skipLine() {
        while let letter = rest.first, letter != "\n" { next() }
    }

    private mutating func next() {
        if rest.popFirst() == "\n" { line += 1 }
    }
}
