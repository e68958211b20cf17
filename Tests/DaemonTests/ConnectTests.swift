import Core
import Database
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// A person with a browser: link, Strava's consent page, back, data.
@Suite struct ConnectTests {
    @Test func `a person who follows the link and consents has their data in silver`() async throws {
        let world = SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 2, activitiesEach: 4, points: 30...50)
        try await DaemonRig.with(world) { rig in
            let port = try LoopbackSocket.freePort()
            let daemon = try await rig.start([
                "FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_PUBLIC_URL": "http://127.0.0.1:\(port)",
            ])
            let link = try await rig.control("athletes", "connect", "--uid", "anna").output
            let url = try #require(link.split(whereSeparator: \.isWhitespace).map(String.init).first { $0.hasPrefix("http://") })
            let athlete = rig.simulator.world.athleteIDs[1]
            let back = try await Browser().consent(at: url, as: athlete, grant: ["read", "activity:read", "activity:read_all"])
            #expect(back.status == 200)
            try await eventually("the athlete's activities are in silver") {
                try await rig.database.query("SELECT 1 FROM silver.activity_stream WHERE athlete_id = \(athlete)").count
                    == rig.simulator.truth(for: athlete).count { $0.pointCount > 0 }
            }
            let rows = try await rig.database.query("SELECT uid, scope FROM sync.athlete")
            #expect(try rows.map { try $0.decode(String.self, String.self) }.map(\.0) == ["anna"])
            #expect(try rows[0].decode(String.self, String.self).1.contains("activity:read_all"))
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }
}

/// Just enough of a browser: it follows redirects and fills in the consent form.
private struct Browser {
    private let http = HTTPClient(userAgent: "browser")

    func consent(at link: String, as athlete: AthleteID, grant: [String]) async throws -> HTTPResponse {
        let start = try await http.send(HTTPRequest(method: .get, url: link))
        let cookie = try #require(start.headers["Set-Cookie"]?.split(separator: ";").first)
        let token = try #require(String(decoding: start.body, as: UTF8.self).firstMatch(of: #/name="token" value="([^"]*)"/#)).1
        let authorize = try await redirect(
            HTTPRequest(
                method: .post, url: link,
                headers: [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", String(cookie))],
                body: Array("token=\(token)".utf8)))
        let page = try await http.send(HTTPRequest(method: .get, url: authorize))
        #expect(page.status == 200)
        let html = String(decoding: page.body, as: UTF8.self)
        var fields = html.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/).map { (String($0.1), String($0.2)) }
        fields += [("athlete_id", "\(athlete)"), ("decision", "authorize")] + grant.map { ("scope", $0) }
        let form = fields.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
        let action = try #require(URLComponents(string: authorize)).host.map { _ in authorize.prefix { $0 != "?" } } ?? ""
        let callback = try await redirect(
            HTTPRequest(
                method: .post, url: String(action), headers: [("Content-Type", "application/x-www-form-urlencoded")], body: Array(form.utf8)
            ))
        let result = try await redirect(HTTPRequest(method: .get, url: callback, headers: [("Cookie", String(cookie))]))
        let answer = try await http.send(HTTPRequest(method: .get, url: result, headers: [("Cookie", String(cookie))]))
        await http.shutdown()
        return answer
    }

    private func redirect(_ request: HTTPRequest) async throws -> String {
        let answer = try await http.send(request)
        #expect((300..<400).contains(answer.status), "\(answer.status)")
        return try #require(answer.headers["location"])
    }

    private func encode(_ text: String) -> String {
        text.replacing("&amp;", with: "&").addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    }
}
