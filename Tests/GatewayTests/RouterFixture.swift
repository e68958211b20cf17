import Core
import Database
import Foundation
import HTTPTransport
import Identity
import TestKit

@testable import Gateway

/// A client of the predecessor's router, with ID tokens of an issuer that the gateway trusts.
struct RouterFixture {
    let gateway: GatewayFixture
    let issuer: TestIssuer

    /// - Parameter answerHasScope: whether Strava's answer to a code says what was granted.
    static func with(
        origins: AllowedOrigins = .none, answerHasScope: Bool = true, _ body: (RouterFixture) async throws -> Void
    ) async throws {
        let issuer = try await TestIssuer(now: GatewayFixture.start)
        try await withGateway(issuer: issuer, origins: origins, answerHasScope: answerHasScope) {
            try await body(RouterFixture(gateway: $0, issuer: issuer))
        }
    }

    /// An `Authorization` field with an ID token that lasts for the whole test.
    func bearer(_ uid: String) async throws -> String { "Bearer " + (try await issuer.token(uid: uid, claims: ["exp": "1e10"])) }

    /// An `Authorization` field with an API token for a connected athlete's uid.
    func bearer(_ uid: UID, _ scopes: Set<Scope>) async throws -> String {
        let desk = TokenDesk(database: gateway.database, clock: gateway.clock)
        guard let issued = try await desk.issue(uid, days: 1, scopes: scopes) else { throw NotConnected(uid: uid) }
        return "Bearer " + issued.token.secret.reveal()
    }

    private struct NotConnected: Error { let uid: UID }

    func post(_ body: String, authorization: String?, query: String = "") async throws -> HTTPResponse {
        let token = authorization.map { [(name: "Authorization", value: $0)] } ?? []
        let headers = [(name: "Content-Type", value: "application/json")] + token
        return try await gateway.browser.send(
            HTTPRequest(method: .post, url: gateway.base + "/api" + query, headers: headers, body: Array(body.utf8)))
    }

    /// Asks the router as `uid`.
    func ask(_ target: String, _ payload: String = "{}", as uid: String = "user-1", query: String = "") async throws -> HTTPResponse {
        try await post(#"{"target_api":"\#(target)","payload":\#(payload)}"#, authorization: bearer(uid), query: query)
    }

    /// A code of Strava for the athlete, as a web application gets it in Strava's redirect.
    func code(_ athlete: AthleteID, scope: String = "read,activity:read_all") async throws -> String {
        let scopes = scope.split(separator: ",").map(String.init)
        let strava = gateway.strava.authorizeURL(redirectURI: "http://localhost/x", state: "s", scopes: scopes)
        let answer = try await gateway.browser.send(HTTPRequest(method: .get, url: strava + "&auto_approve=\(athlete)"))
        guard let location = answer.headers["Location"], let parts = URLComponents(string: location),
            let code = parts.queryItems?.first(where: { $0.name == "code" })?.value
        else { throw Unexpected(response: answer) }
        return code
    }

    func connect(_ athlete: AthleteID, as uid: String) async throws -> HTTPResponse {
        try await ask("strava_auth_initiate", #"{"code":"\#(code(athlete))"}"#, as: uid)
    }

    /// What a browser asks before it lets a web application of `origin` call. Header and body.
    func preflight(_ path: String, origin: String) async throws -> (status: Int, head: String, body: String) {
        try await RawClient.ask(
            "OPTIONS", path, gateway.base, headers: "Origin: \(origin)\r\nAccess-Control-Request-Method: POST\r\n")
    }

    func run(_ id: Int, authorization: String) async throws -> HTTPResponse {
        try await gateway.get("/v1/runs/\(id)", headers: [("Authorization", authorization)])
    }
}

extension HTTPResponse {
    /// The body as a JSON object; empty: it is none.
    var object: [String: any Sendable] {
        ((try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any])?.compactMapValues { value in
            switch value {
            case let text as String: text
            case let number as NSNumber: number.intValue
            case let object as [String: Any]: object.keys.sorted().joined(separator: ",")
            default: nil
            }
        } ?? [:]
    }

    func text(_ key: String) -> String? { object[key] as? String }
    func number(_ key: String) -> Int? { object[key] as? Int }
}
