import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

@testable import StravaAPI

/// The client against the local Strava: consent, tokens, a whole walk, refusals and failures.
struct SimulatedStravaTests {
    private let athlete = AthleteID(101)

    /// Runs `body` with a local Strava whose athlete 101 has 23 activities, and a client of its application.
    private func withStrava(
        options: SimulatorOptions = SimulatorOptions(), _ body: (StravaSimulator, StravaClient, HTTPClient) async throws -> Void
    ) async throws {
        let clock = WallClock.manual(at: instant("2026-11-23T12:00:00Z"))
        let world = SimulatorWorld(seed: 7, epoch: clock.now, athleteCount: 1, activitiesEach: 23, points: 50...120)
        let simulator = StravaSimulator(world: world, options: options, clock: clock, logger: quietLogger)
        try await simulator.start()
        let http = HTTPClient(userAgent: "strava-api-tests/1")
        let configuration = StravaConfiguration(
            apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: options.clientID, clientSecret: Secret(options.clientSecret))
        let client = StravaClient(configuration: configuration, http: http, clock: clock, logger: quietLogger)
        do {
            try await body(simulator, client, http)
        } catch {
            await http.shutdown()
            await simulator.stop()
            throw error
        }
        await http.shutdown()
        await simulator.stop()
    }

    private func token(_ simulator: StravaSimulator, _ scopes: StravaScopes = .sync) -> Secret {
        Secret(simulator.issueTokens(for: athlete, scopes: scopes).accessToken)
    }

    @Test func `from consent to revocation`() async throws {
        var options = SimulatorOptions()
        options.autoApprove = .athlete(athlete)
        try await withStrava(options: options) { simulator, strava, http in
            let url = strava.authorizeURL(
                redirectURI: "http://localhost/cb", state: "a b&c",
                scopes: ["read", "activity:read", "activity:read_all", "profile:read_all"])
            let redirect = try await http.send(HTTPRequest(url: url))
            let query = URLComponents(string: try #require(redirect.headers["Location"]))?.queryItems ?? []
            #expect(query.first { $0.name == "state" }?.value == "a b&c")
            let code = try #require(query.first { $0.name == "code" }?.value)

            let grant = try await strava.exchange(code: code)
            #expect(grant.athleteID == athlete)
            #expect(grant.expiresAt == instant("2026-11-23T18:00:00Z"))
            await #expect(failure { try await strava.exchange(code: code) }?.code == .codeInvalid)

            let same = try await strava.refresh(grant.refreshToken)
            #expect(same.accessToken == grant.accessToken)
            simulator.clock.advance(by: .seconds(5 * 3600 + 1))
            let fresh = try await strava.refresh(same.refreshToken)
            #expect(fresh.accessToken != grant.accessToken && fresh.refreshToken != same.refreshToken)
            #expect(fresh.athleteID == nil)
            await #expect(failure { try await strava.refresh(same.refreshToken) }?.code == .refreshTokenDead)

            try await #expect(strava.get(.athlete, token: fresh.accessToken).status == 200)
            try await #expect(strava.revoke(fresh.accessToken) == .revoked)
            await #expect(failure { try await strava.get(.athlete, token: fresh.accessToken) }?.code == .tokenDead)
            await #expect(failure { try await strava.refresh(fresh.refreshToken) }?.code == .refreshTokenDead)
            #expect(simulator.requests.filter { $0.endpoint == "athlete" }.allSatisfy { $0.tokenPlace == .header })
        }
    }

    @Test func `a walk over all pages finds each activity once`() async throws {
        try await withStrava { simulator, strava, _ in
            let token = token(simulator)
            var found: [ListedActivity] = []
            for page in 1... {
                let answer = try await strava.get(.activities(page: page, perPage: 10), token: token)
                #expect(answer.rateLimit?.overall?.quarterLimit == 600)
                #expect(answer.serverDate == simulator.clock.now)
                let list = try ActivityPage(body: answer.body)
                #expect(list.rejected.isEmpty)
                if list.elementCount == 0 { break }
                found += list.activities
            }
            let truth = simulator.truth(for: athlete)
            #expect(found.map(\.activityID) == truth.map(\.id))
            #expect(found.map(\.startAt) == truth.map(\.startAt))
            #expect(found.map(\.manual) == truth.map(\.isManual))
            #expect(simulator.requestCount == 4)
        }
    }

    @Test func `renaming and cropping change the fingerprint`() async throws {
        try await withStrava { simulator, strava, _ in
            let token = token(simulator)
            func listed(_ id: ActivityID) async throws -> ListedActivity {
                let page = try ActivityPage(body: try await strava.get(.activities(page: 1), token: token).body)
                return try #require(page.activities.first { $0.activityID == id })
            }
            let id = try #require(simulator.truth(for: athlete).first { $0.pointCount > 0 }).id
            let before = try await listed(id)
            try await #expect(listed(id).fingerprint == before.fingerprint)
            #expect(simulator.world.rename(id, to: "Another name"))
            let renamed = try await listed(id)
            #expect(renamed.fingerprint != before.fingerprint)
            #expect(simulator.world.crop(id, keeping: 0.5))
            let cropped = try await listed(id)
            #expect(cropped.fingerprint != renamed.fingerprint)
        }
    }

    @Test func `every call of an activity is answered, and streams answers carry no quota`() async throws {
        try await withStrava { simulator, strava, _ in
            let token = token(simulator)
            let withStreams = try #require(simulator.truth(for: athlete).first { $0.pointCount > 0 })
            let manual = try #require(simulator.truth(for: athlete).first { $0.isManual })
            let streams = try await strava.get(.streams(withStreams.id), token: token)
            #expect(streams.rateLimit == nil)
            let decoded = try JSONValue(parsing: streams.body)
            #expect(decoded["time"]?["data"]?.list?.count == withStreams.pointCount)
            await #expect(failure { try await strava.get(.streams(manual.id), token: token) }?.code == .notFound)
            for call in [StravaCall.athlete, .activity(withStreams.id), .activityZones(withStreams.id), .athleteZones] {
                try await #expect(strava.get(call, token: token).call == call)
            }
            await #expect(failure { try await strava.get(.activity(ActivityID(1)), token: token) }?.code == .notFound)
        }
    }

    @Test func `Strava's refusals are told apart`() async throws {
        try await withStrava { simulator, strava, _ in
            let token = token(simulator)
            let scope = await failure { try await strava.get(.activities(page: 1), token: self.token(simulator, [.read])) }
            #expect(scope?.code == .scopeMissing)
            #expect(scope?.missingScope?.hasPrefix("activity:read") == true)
            await #expect(failure { try await strava.get(.athlete, token: Secret("unknown")) }?.code == .tokenDead)
            let tomorrow = simulator.clock.now.addingTimeInterval(86_400)
            await #expect(failure { try await strava.get(.activities(page: 1, after: tomorrow), token: token) }?.code == .badRequest)
            await #expect(failure { try await strava.get(.activities(page: 1, perPage: 201), token: token) }?.code == .badRequest)
            simulator.isAppInactive = true
            await #expect(failure { try await strava.get(.athlete, token: token) }?.code == .appInactive)
            simulator.isAppInactive = false
            simulator.limits = SimulatedLimits(quarterHour: 1, day: 10)
            let limited = await failure { try await strava.get(.athlete, token: token) }
            #expect(limited?.code == .rateLimited)
            #expect(limited?.retryAdvice == .retryAfter(instant("2026-11-23T12:15:00Z")))
        }
    }

    @Test func `wrong credentials of the application are told apart from a dead grant`() async throws {
        try await withStrava { simulator, _, http in
            let tokens = simulator.issueTokens(for: athlete)
            for (id, secret) in [("12345", "wrong"), ("99", "simulated-client-secret")] {
                let configuration = StravaConfiguration(
                    apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: id, clientSecret: Secret(secret))
                let stranger = StravaClient(configuration: configuration, http: http, clock: simulator.clock, logger: quietLogger)
                await #expect(failure { try await stranger.refresh(Secret(tokens.refreshToken)) }?.code == .clientSecretWrong)
            }
        }
    }

    @Test func `each failure has its own code`() async throws {
        let cases: [(Fault.Response, StravaError.Code, StravaError.Reach)] = [
            (.html(503), .maintenance, .yes), (.html(597), .maintenance, .yes), (.html(502), .maintenance, .yes),
            (.status(500, #"{"message":"error"}"#), .serverError, .yes), (.malformed, .unreadable, .yes), (.reset, .network, .unknown),
            (.truncatedBody, .network, .unknown), (.status(402, #"{"message":"Payment Required"}"#), .paymentRequired, .yes),
        ]
        try await withStrava { simulator, strava, _ in
            let token = token(simulator)
            for (response, code, reach) in cases {
                simulator.faults.append(Fault(match: .any, response: response))
                let error = await failure { try await strava.get(.athlete, token: token) }
                #expect(error?.code == code, "\(response)")
                #expect(error?.reachedStrava == reach, "\(response)")
                try await #expect(strava.get(.athlete, token: token).status == 200, "the next call after \(response)")
            }
        }
    }

    @Test func `an HTML page or a broken connection at the token endpoint does not end the grant`() async throws {
        var options = SimulatorOptions()
        options.rotation = .always
        try await withStrava(options: options) { simulator, strava, _ in
            let tokens = simulator.issueTokens(for: athlete)
            simulator.faults.append(Fault(match: .token, response: .html(400)))
            await #expect(failure { try await strava.refresh(Secret(tokens.refreshToken)) }?.code == .maintenance)
            simulator.faults.append(Fault(match: .token, response: .resetAfterEffect))
            let lost = await failure { try await strava.refresh(Secret(tokens.refreshToken)) }
            #expect(lost?.code == .network && lost?.reachedStrava == .unknown)
            await #expect(failure { try await strava.refresh(Secret(tokens.refreshToken)) }?.code == .refreshTokenDead)
        }
    }
}
