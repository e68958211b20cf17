import Core

/// Answers as the server would send them, for whoever wants to land them without asking over HTTP.
extension ActivityTruth {
    /// The activity's element in a page of the list.
    public var summaryBody: [UInt8] {
        var json = JSONWriter(capacity: 4 << 10)
        ActivityJSON.summary(recipe, into: &json)
        return json.bytes
    }

    /// - Parameter ordinal: the athlete's place in the world: it names the gear.
    func detailBody(ordinal: Int) -> [UInt8] {
        ActivityJSON.detail(recipe, gear: SimulatedGear.all(ordinal: ordinal).first { $0.id == recipe.gearID })
    }

    /// All streams, keyed by type; nil when Strava answers 404 for them.
    public var streamsBody: [UInt8]? {
        streams.map { StreamsJSON.body($0, wanted: $0.keys, isKeyed: true) }
    }
}

extension SimulatorWorld {
    /// GET /activities/{id}; nil when there is no such activity.
    public func detailBody(of activity: ActivityID) -> [UInt8]? {
        guard let truth = truth(for: activity), let ordinal = ordinal(truth.athlete) else { return nil }
        return truth.detailBody(ordinal: ordinal)
    }

    /// GET /athlete with all that a full grant shows; nil when there is no such athlete.
    public func profileBody(of athlete: AthleteID) -> [UInt8]? {
        guard let spec = spec(athlete), let ordinal = ordinal(athlete) else { return nil }
        return AthleteJSON(spec: spec, ordinal: ordinal).body(isDetailed: true)
    }

    /// GET /athlete/zones; nil when there is no such athlete.
    public func zonesBody(of athlete: AthleteID) -> [UInt8]? {
        guard let spec = spec(athlete), let ordinal = ordinal(athlete) else { return nil }
        return AthleteJSON(spec: spec, ordinal: ordinal).zonesBody()
    }
}
