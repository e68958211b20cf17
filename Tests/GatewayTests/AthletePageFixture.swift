import Core
import Database
import Foundation
import HTTPTransport
import Identity
import TestKit

@testable import Gateway

/// A gateway with an athlete, u1, who has trained up to today, and another, u2, with one activity; the browser is signed in as u1.
struct AthletePageFixture: Sendable {
    let me: MeFixture
    let jar: CookieJar

    var gateway: GatewayFixture { me.gateway }

    static func with(scopes: Set<Scope> = [.read, .position, .sync, .erase], _ body: (AthletePageFixture) async throws -> Void) async throws
    {
        try await MeFixture.with { me in
            try await me.gateway.database.withConnection { try await $0.execute(rows) }
            let token = try await me.issue("u1", scopes)
            try await body(AthletePageFixture(me: me, jar: try await signIn(me.gateway, token)))
        }
    }

    /// The cookies of a browser that has exchanged a token for a session.
    static func signIn(_ gateway: GatewayFixture, _ token: String) async throws -> CookieJar {
        let jar = CookieJar()
        let answer = try await gateway.post("/sign-in", [("token", token)], headers: [("Origin", gateway.base)], cookies: jar)
        guard answer.status == 303, answer.headers["Location"] == "/me" else { throw Unexpected(response: answer) }
        return jar
    }

    func get(_ path: String, cookies: CookieJar? = nil) async throws -> HTTPResponse {
        try await gateway.get(path, cookies: cookies ?? jar)
    }

    /// A page that is there.
    func page(_ path: String) async throws -> String {
        let answer = try await get(path)
        guard answer.status == 200 else { throw Unexpected(response: answer) }
        return answer.text
    }

    /// The form token of a page.
    func csrf(_ path: String) async throws -> String {
        guard let token = Self.texts(after: "name=\"csrf\" value=\"", in: try await page(path)).first else { throw CancellationError() }
        return token
    }

    /// The numbers of the activities that a list links to, in its order.
    static func numbers(in page: String) -> [String] { texts(after: "class=\"strong\" href=\"/me/activities/", in: page) }

    /// Where a link with this relation leads; nil: there is none.
    static func link(_ relation: String, in page: String) -> String? {
        texts(after: "rel=\"\(relation)\" href=\"", in: page).first?.replacing("&amp;", with: "&")
    }

    /// What stands between a mark and the next quotation mark.
    private static func texts(after mark: String, in page: String) -> [String] {
        page.components(separatedBy: mark).dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    func post(_ path: String, _ fields: [(String, String)], origin: String? = nil) async throws -> HTTPResponse {
        try await gateway.post(path, fields, headers: [("Origin", origin ?? gateway.base)], cookies: jar)
    }

    /// Rides and runs of the last weeks, 301 and up, one with a hostile name, with what is made of them. The activities of MeFixture stay.
    private static let rows = """
        UPDATE sync.cursor SET listed_at = now(), history_complete_at = now() WHERE athlete_id = 1;
        UPDATE silver.athlete SET measurement_system = 'meters', last_name = 'O''Neil & "Co" <u>' WHERE athlete_id = 1;
        DELETE FROM silver.training_day WHERE athlete_id = 1;
        INSERT INTO silver.activity (
            athlete_id, activity_id, name, sport_type, start_at, start_date_local, utc_offset_s, timezone, distance_m, moving_time_s, elapsed_time_s,
            elevation_gain_m, average_speed_mps, average_heartrate_bpm, average_power_w, has_power_meter, gear_id, device_name, has_detail,
            transform_version)
        SELECT 1, 300 + n, CASE n WHEN 1 THEN '<script>alert(1)</script>" onmouseover="x' WHEN 2 THEN E'a\\u202Eb"\\u0301 <i>' WHEN 3 THEN repeat('W', 5000)
            ELSE 'Ride ' || n END, CASE WHEN n % 3 = 0 THEN 'Run' ELSE 'Ride' END, now() - n * interval '2 days', (now() AT TIME ZONE 'UTC') - n * interval '2 days',
            0, '(GMT+00:00) Europe/London', CASE WHEN n % 3 = 0 THEN 10000 ELSE 40000 END, 3600, 3700, 400, CASE WHEN n % 3 = 0 THEN 2.8 ELSE 11.1 END, 140,
            CASE WHEN n % 3 = 0 THEN NULL ELSE 200 END, n % 3 <> 0, CASE WHEN n % 3 = 0 THEN 'g1' ELSE 'b1' END, 'Garmin <Edge> 540', true, 1
        FROM generate_series(1, 20) AS n;
        INSERT INTO silver.gear_item (athlete_id, gear_id, name, strava_distance_m) VALUES (1, 'b1', 'Bike <img src=x>', 5000000), (1, 'g1', 'Shoes', 700000);
        INSERT INTO silver.activity_metric (athlete_id, activity_id, recorded_s, heartrate_s, power_s, load, load_method, load_confidence, normalized_power_w)
        SELECT athlete_id, activity_id, 3600, 3600, 3600, 80, 'power', 1, 210 FROM silver.activity WHERE athlete_id = 1 AND activity_id > 300;
        INSERT INTO silver.training_day (
            athlete_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, load_method, load_confidence, fitness_ctl, fatigue_atl, form_tsb)
        SELECT 1, (now() AT TIME ZONE 'UTC')::date - n, n % 2, 40000 * (n % 2), 3600 * (n % 2), 400, 80 * (n % 2), 'power', 1, 72.4 - n * 0.1, 96.6 - n * 0.2, -24
        FROM generate_series(0, 200) AS n;
        INSERT INTO silver.activity_rollup (
            athlete_id, activity_id, power_w, power_start_s, heartrate_bpm, heartrate_start_s, pace_time_s, pace_start_s, cell, cell_seconds)
        SELECT 1, activity_id, array_fill((900 - activity_id)::real, ARRAY[24]), array_fill(10, ARRAY[24]), array_fill(150::real, ARRAY[24]),
            array_fill(10, ARRAY[24]), '{80,170,210,350,720,1150,2400}', '{0,0,0,0,0,0,0}', '{137123188987}', '{60}'
        FROM silver.activity WHERE athlete_id = 1 AND activity_id > 300;
        INSERT INTO silver.activity_zone (athlete_id, activity_id, metric, lower_bounds, seconds, is_default)
        SELECT 1, activity_id, 'heartrate', '{0,128,146,160,173}', '{600,1200,1200,500,100}', false FROM silver.activity WHERE athlete_id = 1 AND activity_id > 300;
        INSERT INTO silver.lap (athlete_id, activity_id, lap_number, name, distance_m, moving_time_s, average_speed_mps, average_power_w)
        SELECT 1, 301, n, 'Lap <' || n || '>', 10000, 900, 11.1, 150 + 20 * n FROM generate_series(1, 4) AS n;
        INSERT INTO silver.activity_stream (
            athlete_id, activity_id, point_count, time_s, distance_m, latitude_e6, longitude_e6, altitude_m, velocity_mps, grade_percent, heartrate_bpm,
            cadence_rpm, power_w, transform_version, src_sha256)
        SELECT 1, a, 3600, array_agg(n), array_agg((n * 11.1)::real), array_agg(47123000 + n), array_agg(8987000 + n), array_agg((400 + n % 300)::real),
            array_agg(11.1::real), array_agg(1.5::real), array_agg((120 + n % 40)::smallint), array_agg(85::smallint), array_agg((200 + n % 50)::smallint), 1, sha256('x')
        FROM (VALUES (301), (303)) AS v (a), generate_series(0, 3599) AS n GROUP BY a;
        """
}
