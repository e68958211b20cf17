import Core
import Foundation

/// The answers that one token may read at one moment.
struct AthleteReader {
    let world: SimulatorWorld
    let spec: AthleteSpec
    let scopes: StravaScopes
    let now: Date

    private var ordinal: Int { world.ordinal(spec.id) ?? 0 }

    // MARK: The athlete

    func athlete() -> [UInt8] {
        AthleteJSON(spec: spec, ordinal: ordinal).body(isDetailed: scopes.contains(.profileReadAll))
    }

    func athleteZones() throws -> [UInt8] {
        guard scopes.contains(.profileReadAll) else { throw SimulatedError.missingProfileScope }
        return AthleteJSON(spec: spec, ordinal: ordinal).zonesBody()
    }

    func athleteStats(_ id: AthleteID) throws -> [UInt8] {
        guard id == spec.id else { throw SimulatedError.notFound("Athlete") }
        return AthleteStatsJSON(world.truth(for: id, at: now), now_s: now.epoch_s).body()
    }

    func gear(_ id: String) throws -> [UInt8] {
        guard let gear = SimulatedGear.all(ordinal: ordinal).first(where: { $0.id == id }) else { throw SimulatedError.notFound("Gear") }
        return JSONWriter.object { GearJSON.write(gear, isDetailed: true, into: &$0) }
    }

    // MARK: Activities

    func list(_ query: FormFields, hasShortPages: Bool) throws -> [UInt8] {
        try requireActivityScope()
        let request = try ListRequest(query, now_s: now.epoch_s)
        let visible = world.recipes(of: spec.id, at: now).filter(isVisible)
        var json = JSONWriter(capacity: 64 << 10)
        json.array { for recipe in request.page(of: visible, isShort: hasShortPages) { ActivityJSON.summary(recipe, into: &$0) } }
        return json.bytes
    }

    func activity(_ id: ActivityID) throws -> [UInt8] {
        let recipe = try visible(id)
        let gear = SimulatedGear.all(ordinal: ordinal).first { $0.id == recipe.gearID }
        return ActivityJSON.detail(recipe, gear: gear)
    }

    func laps(_ id: ActivityID) throws -> [UInt8] { ActivityJSON(try visible(id), isDetailed: true).lapsBody() }

    /// Strava answers 402 unless the athlete subscribes.
    func activityZones(_ id: ActivityID) throws -> [UInt8] {
        let recipe = try visible(id)
        guard spec.isSubscriber else { throw SimulatedError.paymentRequired }
        return ActivityZonesJSON.body(recipe)
    }

    func streams(_ id: ActivityID, _ query: FormFields, cache: StreamsCache) throws -> [UInt8] {
        let recipe = try visible(id)
        guard recipe.kind.hasStreams else { throw SimulatedError.notFound("Activity Streams") }
        let isKeyed = query["key_by_type"] == "true"
        var wanted = query["keys"].map { $0.split(separator: ",").map(String.init) }
        if let delay = recipe.streamsDelay, delay.until > now {
            switch delay.answer {
            case .notFound: throw SimulatedError.notFound("Activity Streams")
            case .empty: return Array((isKeyed ? "{}" : "[]").utf8)
            case .partial: wanted = ["time", "distance"]
            }
        }
        let key = StreamsCache.Key(id: id, version: recipe.version, keys: wanted, isKeyed: isKeyed)
        return cache.body(key) {
            guard let streams = SimulatedStreams.of(recipe) else { return [] }
            return StreamsJSON.body(streams, wanted: wanted, isKeyed: isKeyed)
        }
    }

    private func visible(_ id: ActivityID) throws -> ActivityRecipe {
        try requireActivityScope()
        guard let recipe = world.recipe(id, of: spec.id, at: now), isVisible(recipe) else { throw SimulatedError.notFound("Activity") }
        return recipe
    }

    private func requireActivityScope() throws {
        guard scopes.canReadActivities else { throw SimulatedError.missingActivityScope }
    }

    /// Without `activity:read_all` an activity for "Only You" is silently missing.
    private func isVisible(_ recipe: ActivityRecipe) -> Bool {
        recipe.visibility != .onlyMe || scopes.contains(.activityReadAll)
    }
}

/// The parameters of GET /athlete/activities, and the page they ask for (docs/strava-api.md 3.2).
private struct ListRequest {
    private static let perPageMax = 200

    private let page: Int
    private let perPage: Int
    private let before_s: Int64?
    private let after_s: Int64?

    init(_ query: FormFields, now_s: Int64) throws {
        page = try Self.number(query, "page", 1, 1...100_000)
        perPage = try Self.number(query, "per_page", 30, 1...Self.perPageMax)
        before_s = try Self.epoch(query, "before")
        after_s = try Self.epoch(query, "after")
        if let after_s, after_s > now_s { throw SimulatedError.badRequest("Application", "after", "future") }
    }

    /// - Parameter recipes: the activities that the token may see, newest first. With `after` alone the answer begins with the oldest.
    func page(of recipes: [ActivityRecipe], isShort: Bool) -> ArraySlice<ActivityRecipe> {
        var list = recipes.filter { recipe in
            let start = recipe.listedStart_s
            return start < before_s ?? .max && start > after_s ?? .min
        }
        if after_s != nil && before_s == nil { list.reverse() }
        let begin = isShort ? (1..<page).reduce(0) { $0 + size(of: $1, isShort: true) } : (page - 1) * perPage
        guard begin < list.count else { return [] }
        return list[begin..<min(list.count, begin + size(of: page, isShort: isShort))]
    }

    /// Short pages hold one or two fewer than asked for, never none.
    private func size(of page: Int, isShort: Bool) -> Int { isShort ? max(1, perPage - page % 3) : perPage }

    private static func number(_ query: FormFields, _ name: String, _ standard: Int, _ range: ClosedRange<Int>) throws -> Int {
        guard let text = query[name] else { return standard }
        guard let value = Int(text), range.contains(value) else { throw SimulatedError.badRequest("Application", name, "invalid") }
        return value
    }

    private static func epoch(_ query: FormFields, _ name: String) throws -> Int64? {
        guard let text = query[name] else { return nil }
        guard let value = Int64(text) else { throw SimulatedError.badRequest("Application", name, "invalid") }
        return value
    }
}
