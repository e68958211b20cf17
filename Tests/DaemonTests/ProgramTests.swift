import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// A program and an application of the predecessor against the real daemon.
@Suite struct ProgramTests {
    private static let world = SimulatorWorld(
        seed: 3, epoch: Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded()), athleteCount: 2, activitiesEach: 3,
        points: 20...30)

    private func settings(_ issuer: TestIssuer, port: Int) -> [String: String] {
        [
            "FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_ID_TOKEN_ISSUER": TestIssuer.issuer,
            "FITNESSD_ID_TOKEN_AUDIENCE": TestIssuer.audience, "FITNESSD_ID_TOKEN_JWKS_URL": issuer.keysURL,
            "FITNESSD_CORS_ORIGIN": "https://app.example.org",
        ]
    }

    @Test func `a code connects an athlete, a token starts a run, and its end is seen by polling`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let (issuer, port) = (try await TestIssuer(now: Date()), try LoopbackSocket.freePort())
            let daemon = try await rig.start(settings(issuer, port: port))
            let client = ProgramClient(base: "http://127.0.0.1:\(port)")
            let code = try await client.code(rig.simulator, for: rig.simulator.world.athleteIDs[0])
            let connected = try await client.post(
                #"{"target_api":"strava_auth_initiate","payload":{"code":"\#(code)","scope":"read,activity:read_all"}}"#,
                token: issuer.token(uid: "anna"))
            #expect(connected.status == 200 && connected.headers["Access-Control-Allow-Origin"] == "https://app.example.org")
            let issued = try await rig.control("tokens", "issue", "--uid", "anna", "--scope", "read,sync")
            let token = try #require(issued.output.firstMatch(of: #/fitnessd_[0-9A-Za-z]{43}/#).map { String($0.0) })
            let asked = try await client.post(#"{"target_api":"data_run","payload":{}}"#, token: token)
            let run = try #require(String(decoding: asked.body, as: UTF8.self).firstMatch(of: #/"run":([0-9]+)/#).map { String($0.1) })
            try await eventually("the run is done") {
                try await client.get("/v1/runs/\(run)", token: token).contains(#""state":"done""#)
            }
            #expect(try await rig.control("tokens", "list").output.contains("read,sync"))
            #expect(!daemon.output.contains(token) && !daemon.output.contains(code))
            await client.shutdown()
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    @Test func `check fetches the keys of ID tokens, and says what to look at when it can't`() async throws {
        try await DaemonRig.with(Self.world) { rig in
            let issuer = try await TestIssuer(now: Date())
            let environment = rig.environment.merging(settings(issuer, port: try LoopbackSocket.freePort())) { $1 }
            let good = try await DaemonProcess.run("fitnessd", ["check"], environment: environment)
            #expect(good.output.contains("ok    id tokens: of \(TestIssuer.issuer), 1 key"), "\(good.output)")
            issuer.respond([.answer(404)])
            let bad = try await DaemonProcess.run("fitnessd", ["check"], environment: environment)
            #expect(bad.code == 1 && bad.output.contains("status 404") && bad.output.contains("FITNESSD_ID_TOKEN_JWKS_URL"))
        }
    }
}

/// A client of the router.
private struct ProgramClient {
    let base: String
    private let http = HTTPClient(userAgent: "program")

    init(base: String) { self.base = base }

    func post(_ body: String, token: String) async throws -> HTTPResponse {
        try await http.send(
            HTTPRequest(method: .post, url: base + "/api", headers: [("Authorization", "Bearer " + token)], body: Array(body.utf8)))
    }

    func get(_ path: String, token: String) async throws -> String {
        let answer = try await http.send(HTTPRequest(method: .get, url: base + path, headers: [("Authorization", "Bearer " + token)]))
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// A code of the simulated Strava, as a web application gets it in the redirect.
    func code(_ strava: StravaSimulator, for athlete: AthleteID) async throws -> String {
        let query = "client_id=\(strava.options.clientID)&redirect_uri=http://localhost/x&response_type=code&scope=read,activity:read_all"
        let answer = try await http.send(
            HTTPRequest(method: .get, url: "\(strava.oauthURL)/authorize?\(query)&state=s&auto_approve=\(athlete)"))
        let location = try #require(answer.headers["Location"].flatMap { URLComponents(string: $0) })
        return try #require(location.queryItems?.first { $0.name == "code" }?.value)
    }

    func shutdown() async { await http.shutdown() }
}
