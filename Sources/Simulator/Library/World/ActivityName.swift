/// Names as people give them: accents, quotes, line ends of other worlds, emoji.
enum ActivityName {
    private static let anywhere = [
        "Morning session", "Lunch break", "After work", "Évasion du soir", "Zürich – Sihl", "\"Tempo\" 3×10′", "Back\\slash/hill",
        "Recovery 🧘", "朝の一本", "Tab\there", "Regen, Regen, Regen", "5 o'clock", "O\u{308}l und U\u{308}bung",
    ]

    static func pick(_ kind: ActivityKind, _ random: inout SplitMix64) -> String {
        if random.oneIn(2) { return random.pick(anywhere) }
        let verb =
            switch kind {
            case .run, .trailRun, .treadmill, .manual: "Run"
            case .ride, .virtualRide, .indoorRide: "Ride"
            case .swim: "Swim"
            case .hike: "Hike"
            case .weightTraining: "Weight Training"
            case .unheardOf: "Snorkel"
            }
        return random.pick(["Morning ", "Lunch ", "Afternoon ", "Evening ", "Night "]) + verb
    }
}
