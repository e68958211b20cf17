import Core
import Foundation
import HTTPTypes
import Hummingbird
import OwnData

/// The routes of `/v1/me` that only read.
extension MeRoutes {
    func profile(_ asked: Asked) async throws -> Response {
        guard let profile = try await answers().profile(of: asked.athlete, showsPlaces: asked.showsPlaces) else {
            throw APIRefusal(.notFound, "not_found", "Nothing is here of this athlete yet: the first sync is under way.")
        }
        let scopes = asked.caller.scopes.map(\.rawValue).sorted().map { "\"\($0)\"" }.joined(separator: ",")
        let own = "{\"uid\":\"\(asked.caller.uid.text)\",\"scopes\":[\(scopes)],"
        return JSONAnswer.response(own + profile.dropFirst(), to: asked.request)
    }

    func activities(_ asked: Asked) async throws -> Response {
        var filter = ActivityFilter()
        filter.sport = try asked.query.word("sport", among: OwnAnswers.sports)
        if let after = try asked.query.instant("after") { filter.after = after }
        if let before = try asked.query.instant("before") { filter.before = before }
        if let limit = try asked.query.number("limit", in: 1...ActivityFilter.limitMax) { filter.limit = limit }
        if let text = asked.query["cursor"] {
            guard let cursor = ActivityCursor(text) else {
                throw APIRefusal.badRequest("The query parameter cursor must be the value of next in an earlier answer.")
            }
            filter.cursor = cursor
        }
        return JSONAnswer.response(
            try await answers().activities(of: asked.athlete, filter, showsPlaces: asked.showsPlaces), to: asked.request)
    }

    func activity(_ asked: Asked) async throws -> Response {
        guard let activity = asked.activity,
            let answer = try await answers().activity(activity, of: asked.athlete, showsPlaces: asked.showsPlaces)
        else { throw Self.noSuchActivity }
        return JSONAnswer.response(answer, to: asked.request)
    }

    /// Points where the client names no number: enough for a curve as wide as a screen.
    private static let pointsDefault = 1_000

    func streams(_ asked: Asked) async throws -> Response {
        let pointsMax = try asked.query.number("max_points", in: 2...OwnAnswers.pointsMax) ?? Self.pointsDefault
        let named = try asked.query.words("keys", among: StreamSeries.allCases.map(\.rawValue))?.compactMap(StreamSeries.init)
        if named?.contains(.position) == true, !asked.showsPlaces { throw APIRefusal.scopeMissing(.position) }
        let keys = named ?? StreamSeries.allCases.filter { $0 != .position || asked.showsPlaces }
        guard let activity = asked.activity,
            let answer = try await answers().streams(activity, of: asked.athlete, keys: keys, pointsMax: pointsMax)
        else { throw APIRefusal(.notFound, "not_found", "No streams of an activity of this number are here.") }
        return JSONAnswer.response(answer, to: asked.request)
    }

    /// A year up to tomorrow in UTC, which is today somewhere.
    func fitness(_ asked: Asked) async throws -> Response {
        let last = try asked.query.day("to") ?? OwnDay(clock.now).adding(1)
        let first = try asked.query.day("from") ?? last.adding(-365)
        guard first <= last, last < first.adding(OwnDay.countMax) else {
            throw APIRefusal.badRequest(
                "The day of from must not be after that of to, nor more than \(OwnDay.countMax - 1) days before it.")
        }
        return JSONAnswer.response(try await answers().fitness(of: asked.athlete, in: first...last), to: asked.request)
    }

    func powerCurve(_ asked: Asked) async throws -> Response {
        let sport = try asked.query.word("sport", among: OwnAnswers.sports)
        let period = try asked.query.word("period", among: OwnAnswers.curvePeriods) ?? "all_time"
        return JSONAnswer.response(try await answers().powerCurve(of: asked.athlete, sport: sport, period: period), to: asked.request)
    }

    func records(_ asked: Asked) async throws -> Response {
        let sport = try asked.query.word("sport", among: OwnAnswers.sports)
        return JSONAnswer.response(try await answers().records(of: asked.athlete, sport: sport), to: asked.request)
    }
}
