import Core
import Foundation

/// What one token may read of its athlete at one moment.
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
        guard scopes.contains(.profileReadAll) else { throw StravaFault.missingProfileScope }
        return AthleteJSON(spec: spec, ordinal: ordinal).zonesBody()
    }

    func gear(_ id: String) throws -> [UInt8] {
        guard let gear = SimulatedGear.all(ordinal: ordinal).first(where: { $0.id == id }) else { throw StravaFault.notFound("Gear") }
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
        guard spec.isSubscriber else { throw StravaFault.paymentRequired }
        return ActivityZonesJSON.body(recipe)
    }

    func streams(_ id: ActivityID, _ query: FormFields, cache: StreamsCache) throws -> [UInt8] {
        let recipe = try visible(id)
        guard recipe.kind.hasStreams else { throw StravaFault.notFound("Activity Streams") }
        let isKeyed = query["key_by_type"] == "true"
        var wanted = query["keys"].map { $0.split(separator: ",").map(String.init) }
        if let delay = recipe.streamsDelay, delay.until > now {
            switch delay.answer {
            case .notFound: throw StravaFault.notFound("Activity Streams")
            case .empty: return Array((isKeyed ? "{}" : "[]").utf8)
            case .partial: wanted = ["time", "distance"]
            }
        }
        let key = StreamsCache.Key(id: id, version: recipe.version, keys: wanted, isKeyed: isKeyed)
        return cache.body(key) {
            guard let streams = StreamsMaker.streams(recipe) else { return [] }
            return StreamsJSON.body(streams, wanted: wanted, isKeyed: isKeyed)
        }
    }

    private func visible(_ id: ActivityID) throws -> ActivityRecipe {
        try requireActivityScope()
        guard let recipe = world.recipe(id, of: spec.id, at: now), isVisible(recipe) else { throw StravaFault.notFound("Activity") }
        return recipe
    }

    private func requireActivityScope() throws {
        guard scopes.canReadActivities else { throw StravaFault.missingActivityScope }
    }

    /// "Only You" needs `activity:read_all`; without it the activity is silently not there.
    private func isVisible(_ recipe: ActivityRecipe) -> Bool {
        recipe.visibility != .onlyMe || scopes.contains(.activityReadAll)
    }
}
