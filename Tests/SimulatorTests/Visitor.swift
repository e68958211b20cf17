import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// A client of the simulated Strava, over real HTTP.
struct Visitor: Sendable {
    let simulator: StravaSimulator
    let http: HTTPClient

    /// GET under `/api/v3` with the token in the header.
    func get(_ path: String, token: String?) async throws -> HTTPResponse {
        var request = HTTPRequest(url: simulator.apiURL + path)
        if let token { request.headers = [("Authorization", "Bearer \(token)")] }
        return try await http.send(request)
    }

    func post(_ url: String, _ form: [(String, String)], authorization: String? = nil) async throws -> HTTPResponse {
        let pairs = form.map { "\(escape($0))=\(escape($1))" }
        var request = HTTPRequest(method: .post, url: simulator.baseURL + url, body: Array(pairs.joined(separator: "&").utf8))
        request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if let authorization { request.headers.append(("Authorization", authorization)) }
        return try await http.send(request)
    }

    /// The token endpoint, with the application's own credentials.
    func token(_ form: [(String, String)], path: String = "/oauth/token") async throws -> HTTPResponse {
        try await post(path, credentials + form)
    }

    func refresh(_ token: String) async throws -> HTTPResponse {
        try await self.token([("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    func list(_ query: String, token: String) async throws -> [[String: Any]] {
        let response = try await get("/athlete/activities?\(query)", token: token)
        try #require(response.status == 200)
        return try #require(response.json as? [[String: Any]])
    }

    var credentials: [(String, String)] {
        [("client_id", simulator.options.clientID), ("client_secret", simulator.options.clientSecret)]
    }

    private func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }
    var json: Any? { try? JSONSerialization.jsonObject(with: Data(body)) }
    var object: [String: Any] { json as? [String: Any] ?? [:] }
    /// `resource field code` of the first error.
    var errorLine: String {
        let first = (object["errors"] as? [[String: String]])?.first ?? [:]
        return "\(first["resource"] ?? "?")/\(first["field"] ?? "?")/\(first["code"] ?? "?")"
    }
}

extension [[String: Any]] {
    var ids: [Int64] { compactMap { $0["id"] as? Int64 ?? ($0["id"] as? NSNumber)?.int64Value } }
    var starts: [String] { compactMap { $0["start_date"] as? String } }
}

/// 2026-11-23 10:07:00 UTC, seven minutes into a quarter hour.
let monday = Date(timeIntervalSince1970: 1_795_428_420)

/// Runs a simulator around a test. The world's seed is random and printed.
func withSimulator(
    athletes: Int = 1, activities: Int = 40, points: ClosedRange<Int> = 20...60, kinds: [ActivityKind] = ActivityKind.mixed,
    live: LivePlan? = nil, clock: WallClock = .manual(at: monday), options: SimulatorOptions = SimulatorOptions(),
    _ body: (Visitor) async throws -> Void
) async throws {
    let seed = modelSeed
    let world = SimulatorWorld(
        seed: seed, epoch: monday, athleteCount: athletes, activitiesEach: activities, points: points, kinds: kinds, live: live)
    print("world seed \(seed)")
    try await withSimulator(world: world, clock: clock, options: options, body)
}

func withSimulator(
    world: SimulatorWorld, clock: WallClock = .manual(at: monday), options: SimulatorOptions = SimulatorOptions(),
    _ body: (Visitor) async throws -> Void
) async throws {
    let simulator = StravaSimulator(world: world, options: options, clock: clock, logger: quietLogger)
    try await simulator.start()
    let http = HTTPClient(inFlightMax: 8, userAgent: "simulator tests")
    do { try await body(Visitor(simulator: simulator, http: http)) } catch {
        await http.shutdown()
        await simulator.stop()
        throw error
    }
    await http.shutdown()
    await simulator.stop()
}

let anyone = AthleteID(101)
