import OwnData

/// Text that somebody else wrote: names of activities, gear, laps, devices. Templates escape it; here it is brought to one line of bounded
/// length that can't reorder the text around it.
enum Words {
    /// Characters of a name in a list.
    static let lengthMax = 120
    /// Unicode scalars of one character, so that a pile of accents stays within its line.
    private static let scalarsMax = 8

    /// Nil: nothing that can be read is left.
    static func cleaned(_ text: String?, max: Int = lengthMax) -> String? {
        guard let text else { return nil }
        var kept = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(max * 16) {
            if isSpace(scalar) {
                if kept.last.map({ $0 != " " }) ?? false { kept.append(" ") }
            } else if !isHidden(scalar) {
                kept.append(scalar)
            }
        }
        var line = String(kept)
        while line.last == " " { line.removeLast() }
        let shown = line.prefix(max).map(bounded).joined()
        let isCut = line.count > max
        return shown.isEmpty || !shown.contains(where: isInk) ? nil : shown + (isCut ? "…" : "")
    }

    private static func bounded(_ character: Character) -> String {
        guard character.unicodeScalars.count > scalarsMax else { return String(character) }
        return String(String.UnicodeScalarView(character.unicodeScalars.prefix(scalarsMax)))
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.value < 0x20
    }

    /// Control characters, marks that change the direction of the text around them, and those that are not assigned.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .surrogate, .privateUse, .unassigned: return true
        case .format: return scalar.value != 0x200D && scalar.value != 0x200C
        default: return false
        }
    }

    private static func isInk(_ character: Character) -> Bool {
        character.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .format, .nonspacingMark, .enclosingMark, .spaceSeparator: false
            default: true
            }
        }
    }

    /// "MountainBikeRide" as "Mountain bike ride".
    static func sport(_ type: String?) -> String {
        guard let type = cleaned(type, max: 40) else { return "Activity" }
        var words = ""
        for character in type {
            if character.isUppercase, !words.isEmpty { words += " " + character.lowercased() } else { words.append(character) }
        }
        return words.replacing("e bike", with: "e-bike").replacing("E bike", with: "E-bike")
    }
}

/// How a sport is counted and drawn: its colour, and whether it goes by pace or by speed.
enum SportKind: String, Sendable, CaseIterable {
    case ride, run, swim, walk, other

    /// Of a sport family of silver.
    init(family: String?) {
        switch family {
        case "ride", "e_ride": self = .ride
        case "run": self = .run
        case "swim": self = .swim
        case "walk": self = .walk
        default: self = .other
        }
    }

    /// The sport families of silver that it stands for.
    var families: [String] { OwnAnswers.sports.filter { SportKind(family: $0) == self } }

    var word: String {
        switch self {
        case .ride: "Ride"
        case .run: "Run"
        case .swim: "Swim"
        case .walk: "Walk"
        case .other: "Other"
        }
    }

    /// Whether it is written as time by distance.
    var hasPace: Bool { self == .run || self == .walk || self == .swim }
}
