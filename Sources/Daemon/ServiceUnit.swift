import Foundation

/// What the `[Service]` section of a unit says, with its drop-ins, as `systemctl cat` prints it (systemd.syntax(7), systemd.unit(5)).
struct ServiceUnit: Sendable {
    /// A setting; one that may be given several times is here several times.
    struct Assignment: Sendable, Equatable {
        let key: String
        let value: String
    }

    /// `fitnessd.service`.
    let name: String
    /// The unit's file, then its drop-ins.
    private(set) var files: [String] = []
    private(set) var assignments: [Assignment] = []

    init(name: String, text: String) {
        self.name = name
        var section = ""
        var joined = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map({ $0.trimmingCharacters(in: .whitespaces) }) {
            if line.hasPrefix("#") || line.hasPrefix(";") {
                // Each file is headed by its path.
                if joined.isEmpty, line.contains(#/^# \/\S+\.(service|conf)$/#) { files.append(String(line.dropFirst(2))) }
                continue
            }
            if line.hasSuffix("\\") {
                joined += line.dropLast() + " "
                continue
            }
            let whole = joined + line
            joined = ""
            if whole.hasPrefix("["), whole.hasSuffix("]") { section = whole } else if section == "[Service]" { assign(whole) }
        }
    }

    /// The value in force of a setting that is given once.
    func value(_ key: String) -> String? { assignments.last { $0.key == key }?.value }

    func values(_ key: String) -> [String] { assignments.filter { $0.key == key }.map(\.value) }

    /// An empty value takes back all earlier ones.
    private mutating func assign(_ line: String) {
        guard let equals = line.firstIndex(of: "=") else { return }
        let key = line[..<equals].trimmingCharacters(in: .whitespaces)
        let value = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
        if value.isEmpty { assignments.removeAll { $0.key == key } }
        assignments.append(Assignment(key: key, value: value))
    }

    // MARK: The command

    /// The variables of `Environment=`, a word of `NAME=value` each.
    var environment: [String] { values("Environment").flatMap { Self.words(expanded($0)[...]) } }

    /// The words of `ExecStart=` without systemd's prefixes (systemd.service(5), "Command lines"); empty: there is none.
    var command: [String] {
        let line = expanded(value("ExecStart") ?? "").drop { "@-:+!|".contains($0) }
        return Self.words(line)
    }

    private static func words(_ text: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = text
        while let letter = rest.popFirst() {
            if letter == "\\", let next = rest.popFirst() {
                word = (word ?? "") + String(next)
            } else if letter == quote {
                quote = nil
            } else if quote == nil, letter == "'" || letter == "\"" {
                quote = letter
                word = word ?? ""
            } else if quote == nil, letter == " " || letter == "\t" {
                if let word { words.append(word) }
                word = nil
            } else {
                word = (word ?? "") + String(letter)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    // MARK: Specifiers

    /// The text with those specifiers of systemd.unit(5) that depend on the unit alone and on the usual directories of the system.
    func expanded(_ text: String) -> String {
        guard text.contains("%") else { return text }
        let stem = String(name.prefix { $0 != "." })
        let instance = stem.split(separator: "@", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
        let known: [Character: String] = [
            "%": "%", "n": name, "N": stem, "p": String(stem.prefix { $0 != "@" }), "i": instance, "I": instance, "t": "/run",
            "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc", "T": "/tmp", "V": "/var/tmp",
        ]
        var expanded = ""
        var rest = text[...]
        while let letter = rest.popFirst() {
            if letter == "%", let specifier = rest.first, let value = known[specifier] {
                rest = rest.dropFirst()
                expanded += value
            } else {
                expanded.append(letter)
            }
        }
        return expanded
    }
}
