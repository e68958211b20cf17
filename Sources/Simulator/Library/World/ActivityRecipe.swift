import Core

/// The few numbers from which an activity's figures and streams are computed when they are asked for.
///
/// Mutations edit a recipe. `version` counts the edits, so that no cache answers with an older one.
struct ActivityRecipe: Sendable {
    let id: ActivityID
    let athlete: AthleteID
    let kind: ActivityKind
    /// Seeds everything about this activity that is not a field here.
    let seed: UInt64
    var start_s: Int64
    let zone: SimulatedZone
    /// Points as recorded; 0 for kinds without streams.
    let points: Int
    /// Points left after a crop.
    var keptPoints: Int
    var name: String
    var sportType: String
    var legacyType: String
    var visibility: ActivityVisibility
    var gearID: String?
    var hidesStart = false
    var streamsDelay: StreamsDelay?
    var version = 0

    let hasHeartrate: Bool
    let hasPower: Bool
    let pauses: [Pause]

    /// A stop: `seconds` pass before point `index` without a point.
    struct Pause: Sendable {
        let index: Int
        let seconds: Int
    }

    /// `start_date` as listed: one second past midnight when the start time is hidden (docs/strava-api.md 3.2).
    var listedStart_s: Int64 { hidesStart ? CivilTime.midnight(start_s) + 1 : start_s }
}

/// Makes recipes: a pure function of the world's seed, the athlete and the activity's number.
struct RecipeMaker {
    let worldSeed: UInt64
    let spec: AthleteSpec
    /// The athlete's place in the world; decides home, gear and ids.
    let ordinal: Int

    /// Ids of one athlete lie in a block of two million; all are beyond 32 bits.
    static func idBlock(_ ordinal: Int) -> Int64 { 14_000_000_000 + Int64(ordinal) * 2_000_000 }
    static func ordinal(ofID id: ActivityID) -> Int? {
        id.rawValue < 14_000_000_000 ? nil : Int((id.rawValue - 14_000_000_000) / 2_000_000)
    }

    var zone: SimulatedZone { SimulatedZone.all[ordinal % SimulatedZone.all.count] }

    /// Activity `index` of the history, 0 the newest. Each seventeenth was uploaded late: its id is higher than its date
    /// suggests.
    func history(_ index: Int, epoch_s: Int64) -> ActivityRecipe {
        var random = SplitMix64(worldSeed, UInt64(bitPattern: spec.id.rawValue), 1, UInt64(index))
        let dayOfHistory = Int64(Double(index + 1) * 1.4)
        let localHour = Int64(random.int(6...19))
        let midnight = CivilTime.midnight(epoch_s) - (dayOfHistory + 1) * CivilTime.day_s
        let start = midnight + localHour * 3600 + Int64(random.int(0...3599)) - zone.standardOffset_s
        let number = Int64(spec.activityCount - 1 - index)
        let offset = index % 17 == 3 ? 1_000_000 + number : number * 2
        return make(id: Self.idBlock(ordinal) + offset, start_s: min(start, epoch_s - 7200), kind: nil, random: &random)
    }

    /// Activity `index` of those that appear after the epoch. Its last point lies ten seconds before it appears.
    func live(_ index: Int, appears_s: Int64, pointsMax: Int) -> ActivityRecipe {
        var random = SplitMix64(worldSeed, UInt64(bitPattern: spec.id.rawValue), 2, UInt64(index))
        let kinds = spec.kinds.filter { $0.hasStreams }
        let kind = random.pick(kinds.isEmpty ? [.run] : kinds)
        let limit = max(2, min(spec.points.upperBound, pointsMax))
        let points = random.int(min(spec.points.lowerBound, limit)...limit)
        var recipe = make(
            id: Self.idBlock(ordinal) + 1_500_000 + Int64(index), start_s: appears_s, kind: kind, points: points, random: &random)
        recipe.start_s = appears_s - 10 - Int64(ActivityShape(recipe).elapsed_s)
        return recipe
    }

    /// An activity that a test adds.
    func added(_ number: Int, _ wish: NewActivity) -> ActivityRecipe {
        var random = SplitMix64(worldSeed, UInt64(bitPattern: spec.id.rawValue), 3, UInt64(number))
        var recipe = make(
            id: Self.idBlock(ordinal) + 1_800_000 + Int64(number), start_s: wish.startAt.epoch_s, kind: wish.kind,
            points: wish.points, random: &random)
        if let name = wish.name { recipe.name = name }
        recipe.visibility = wish.visibility
        recipe.streamsDelay = wish.streamsDelay
        return recipe
    }

    private func make(
        id: Int64, start_s: Int64, kind wanted: ActivityKind?, points wantedPoints: Int? = nil, random: inout SplitMix64
    ) -> ActivityRecipe {
        let kind = wanted ?? random.pick(spec.kinds.isEmpty ? [.run] : spec.kinds)
        let points = kind.hasStreams ? max(2, wantedPoints ?? random.int(spec.points)) : 0
        return ActivityRecipe(
            id: ActivityID(id), athlete: spec.id, kind: kind, seed: random.next(), start_s: start_s, zone: zone, points: points,
            keptPoints: points, name: ActivityName.pick(kind, &random), sportType: kind.sportType, legacyType: kind.legacyType,
            visibility: visibility(&random), gearID: gear(kind, &random),
            hasHeartrate: kind.hasStreams && !random.oneIn(6), hasPower: kind.isRide || (kind == .run && random.oneIn(4)),
            pauses: pauses(points, &random))
    }

    /// In proportions as recorded.
    private func visibility(_ random: inout SplitMix64) -> ActivityVisibility {
        switch random.int(0...39) {
        case 0: .onlyMe
        case 1: .followersOnly
        default: .everyone
        }
    }

    private func gear(_ kind: ActivityKind, _ random: inout SplitMix64) -> String? {
        let gear = SimulatedGear.all(ordinal: ordinal)
        if kind.isRide { return random.oneIn(5) ? nil : gear[0].id }
        if kind.isRun { return random.oneIn(5) ? nil : random.pick([gear[1].id, gear[2].id]) }
        return nil
    }

    private func pauses(_ points: Int, _ random: inout SplitMix64) -> [ActivityRecipe.Pause] {
        guard points > 60, !random.oneIn(4) else { return [] }
        let count = random.int(1...3)
        return (1...count).map { place in
            .init(index: points * place / (count + 1) + random.int(0...9), seconds: random.int(5...400))
        }
    }
}

/// Names as people write them: accents, quotes, tabs, emoji.
private enum ActivityName {
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
