import Assistant
import Core
import Database
import Foundation
import HTTPTransport
import Identity
import TestKit

@testable import Gateway

/// A gateway with two athletes, u1 and u2, who have activities, streams and answers, and with the login that reads them.
struct MeFixture: Sendable {
    let gateway: GatewayFixture
    /// Of u1, with the scopes read, position, sync and write.
    let token: String

    static func with(access: ModelAccess = .own, _ body: (MeFixture) async throws -> Void) async throws {
        try await withGateway(hasReader: true, access: access) { gateway in
            try await gateway.database.withConnection { try await $0.execute(rows) }
            let token = try await issue(gateway, "u1", [.read, .position, .sync, .write])
            try await body(MeFixture(gateway: gateway, token: token))
        }
    }

    /// A token of an athlete with these scopes.
    func issue(_ uid: String, _ scopes: Set<Scope>) async throws -> String { try await Self.issue(gateway, uid, scopes) }

    private static func issue(_ gateway: GatewayFixture, _ uid: String, _ scopes: Set<Scope>) async throws -> String {
        let desk = TokenDesk(database: gateway.database, clock: gateway.clock)
        guard let uid = UID(uid), let issued = try await desk.issue(uid, days: 30, scopes: scopes) else { throw CancellationError() }
        return issued.token.secret.reveal()
    }

    /// One request to a path under `/v1/me`.
    func ask(
        _ path: String, _ method: HTTPMethod = .get, token: String? = nil, headers: [(name: String, value: String)] = [],
        body: String? = nil
    ) async throws -> HTTPResponse {
        try await gateway.browser.send(
            HTTPRequest(
                method: method, url: gateway.base + "/v1/me" + path,
                headers: [("Authorization", "Bearer \(token ?? self.token)")] + headers,
                body: body.map { Array($0.utf8) }))
    }

    /// Whether tables of athlete `id` hold rows.
    func rowCount(of id: Int64) async throws -> Int {
        var count = 0
        for table in [
            "sync.athlete", "sync.api_token", "silver.athlete", "silver.activity", "silver.activity_stream", "bronze_strava.answer",
        ] {
            count += try await gateway.database.query("SELECT FROM \(raw: table) WHERE athlete_id = \(id)").count
        }
        return count
    }

    /// The answer as JSON.
    func json(_ path: String, token: String? = nil) async throws -> [String: Any] {
        let answer = try await ask(path, token: token)
        guard answer.status == 200, let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any] else {
            throw Unexpected(response: answer)
        }
        return object
    }

    /// The activities of u1 are 100 + n and those of u2 are 200 + n, an hour apart; 101 and 201 have streams of 5,000 points at places.
    private static let rows = """
        INSERT INTO sync.athlete (athlete_id, uid) VALUES (1, 'u1'), (2, 'u2');
        INSERT INTO sync.schedule (athlete_id) VALUES (1), (2) ON CONFLICT DO NOTHING;
        INSERT INTO sync.cursor (athlete_id) VALUES (1), (2) ON CONFLICT DO NOTHING;
        INSERT INTO silver.athlete (athlete_id, first_name, city, country) SELECT n, 'Name' || n, 'Town' || n, 'Land' || n FROM generate_series(1, 2) AS n;
        INSERT INTO silver.activity (
            athlete_id, activity_id, name, sport_type, start_at, start_date_local, distance_m, moving_time_s, elapsed_time_s, has_detail,
            transform_version, start_latitude_deg, start_longitude_deg, location_city, summary_polyline, polyline)
        SELECT a, 100 * a + n, format('No %s of %s', n, a), CASE WHEN n % 2 = 0 THEN 'Run' ELSE 'Ride' END,
            '2026-01-01 06:00Z'::timestamptz + n * interval '1 hour', '2026-01-01 07:00'::timestamp + n * interval '1 hour', 1000.5 * n, 600, 660,
            true, 1, 47.123, 8.987, 'Hiddentown', 'abcpoly', 'defpoly'
        FROM generate_series(1, 2) AS a, generate_series(1, 7) AS n;
        INSERT INTO silver.activity (athlete_id, activity_id, name, sport_type, has_detail, transform_version) VALUES (1, 190, 'No date', 'Run', false, 1);
        INSERT INTO silver.lap (athlete_id, activity_id, lap_number, distance_m) SELECT 1, 101, n, 10 FROM generate_series(1, 3) AS n;
        INSERT INTO silver.segment_effort (athlete_id, activity_id, effort_number, segment_id, segment_name, segment_start_latitude_deg)
            VALUES (1, 101, 1, 77, 'Secret hill', 47.124);
        INSERT INTO silver.activity_stream (
            athlete_id, activity_id, point_count, time_s, distance_m, latitude_e6, longitude_e6, altitude_m, heartrate_bpm, power_w, moving,
            transform_version, src_sha256)
        SELECT a, 100 * a + 1, 5000, array_agg(n), array_agg(n * 3.5::real), array_agg(47123000 + n), array_agg(8987000 + n),
            array_agg(CASE WHEN n = 2500 THEN 900 ELSE 400 END::real), array_agg(CASE WHEN n % 7 = 0 THEN NULL ELSE 120 + n % 40 END::smallint),
            array_agg(CASE WHEN n = 1234 THEN 1500 ELSE 200 END::smallint), array_agg(n % 100 <> 0), 1, sha256('x')
        FROM generate_series(1, 2) AS a, generate_series(0, 4999) AS n GROUP BY a;
        INSERT INTO silver.training_day (
            athlete_id, day, activity_count, distance_m, moving_time_s, elevation_gain_m, load, fitness_ctl, fatigue_atl, form_tsb)
        SELECT a, '2026-01-01'::date + n, 1, 10, 20, 30, 40 * a, 50 * a, 60, -10 FROM generate_series(1, 2) AS a, generate_series(0, 9) AS n;
        INSERT INTO bronze_strava.answer (athlete_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
        SELECT a, 2, 100 * a + 1, '/activities', 200, '2026-01-02Z', 9, sha256('x'), convert_to(E'{"start_latlng":[47.123,8.987],"of":"' || a || E'"}\\n', 'UTF8')
        FROM generate_series(1, 2) AS a;
        INSERT INTO bronze_strava.answer (athlete_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
        VALUES (1, 4, 1, '/athlete', 200, '2026-01-02Z', 3, sha256('x'), '\\xff00fe');
        """
}
