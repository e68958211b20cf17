import Core

/// From endpoint to answer.
extension StravaSimulator {
    func route(_ request: SimulatorRequest, _ caller: Caller) async -> SimulatorAnswer {
        do {
            switch request.endpoint {
            case .authorize: return try authorize(request)
            case .approve: return try approve(request)
            case .token: return try token(request)
            case .revoke: return try revoke(request)
            case .subscribe: return try await subscribe(request)
            case .subscriptions: return try subscriptions(request)
            case .unsubscribe(let id): return try unsubscribe(id, request)
            case .unknown: throw StravaFault.notFound("Path")
            default: return try data(request, caller)
            }
        } catch let fault as StravaFault {
            return .fault(fault)
        } catch {
            return .json(Array(#"{"message":"error"}"#.utf8), status: 500)
        }
    }

    /// Calls that need an athlete's token.
    private func data(_ request: SimulatorRequest, _ caller: Caller) throws -> SimulatorAnswer {
        guard case .athlete(let athlete, let scopes) = caller, let spec = world.spec(athlete) else { throw StravaFault.deadToken }
        if request.endpoint == .deauthorize { return deauthorize(athlete, request) }
        if isAppInactive { throw StravaFault.inactive }
        let reader = AthleteReader(world: world, spec: spec, scopes: scopes, now: clock.now)
        return switch request.endpoint {
        case .athlete: .json(reader.athlete())
        case .athleteZones: .json(try reader.athleteZones())
        case .activities: .json(try reader.list(request.query, hasShortPages: options.hasShortPages))
        case .activity(let id): .json(try reader.activity(id))
        case .laps(let id): .json(try reader.laps(id))
        case .activityZones(let id): .json(try reader.activityZones(id))
        case .streams(let id): .json(try reader.streams(id, request.query, cache: streamsCache))
        case .gear(let id): .json(try reader.gear(id))
        case .createActivity: .json(try create(request.parameters, athlete, scopes), status: 201)
        default: .fault(.notFound("Path"))
        }
    }

    /// A manual activity from a form (docs/strava-api.md 3.2); the one call here that is no read.
    private func create(_ form: FormFields, _ athlete: AthleteID, _ scopes: StravaScopes) throws -> [UInt8] {
        guard scopes.contains(.activityWrite) else {
            throw StravaFault.unauthorized("AccessToken", "activity:write_permission", "missing")
        }
        guard let name = form["name"], !name.isEmpty else { throw StravaFault.badRequest("Activity", "name", "missing") }
        let wish = NewActivity(startAt: clock.now, kind: .manual, points: 0, name: name)
        let id = world.addActivity(to: athlete, wish)
        guard let recipe = world.recipe(id, of: athlete, at: clock.now) else { throw StravaFault.notFound("Activity") }
        return ActivityJSON.detail(recipe, gear: nil)
    }
}
