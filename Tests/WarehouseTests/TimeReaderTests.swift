import Database
import TestKit
import Testing

/// `bronze_strava.json_time` and `json_local_time`, which check each field themselves.
@Suite struct TimeReaderTests {
    /// The texts that the readers make of `times`, null for those that they refuse.
    private func read(_ times: [String], with function: String) async throws -> [String?] {
        let zone = function == "json_time" ? "AT TIME ZONE 'UTC'" : ""
        return try await withTestDatabase { database in
            try await database.withConnection { connection in
                // Neither reader may depend on it.
                try await connection.execute("SET TIME ZONE 'America/New_York'")
                let rows = try await connection.query(
                    """
                    SELECT to_char(bronze_strava.\(raw: function)(to_jsonb(t)) \(raw: zone), 'YYYY-MM-DD HH24:MI:SS.MS')
                    FROM unnest(\(times)) WITH ORDINALITY AS u (t, place) ORDER BY place
                    """)
                return try rows.map { try $0.decode(String?.self) }
            }
        }
    }

    @Test func `an instant is read with its zone, and without one as UTC`() async throws {
        let times = [
            "2024-02-29T10:11:12Z", "2024-02-29 10:11", "2024-02-29T10:11:12.345+02:00", "2024-02-29T10:11:12-0330", "2024-12-31T23:59:60Z",
            "2024-12-31T24:00:00Z", "2000-02-29T00:00:00Z",
        ]
        #expect(
            try await read(times, with: "json_time") == [
                "2024-02-29 10:11:12.000", "2024-02-29 10:11:00.000", "2024-02-29 08:11:12.345", "2024-02-29 13:41:12.000",
                "2025-01-01 00:00:00.000", "2025-01-01 00:00:00.000", "2000-02-29 00:00:00.000",
            ])
    }

    @Test func `a wall-clock time is read whatever zone is written behind it`() async throws {
        let times = ["2024-02-29T10:11:12Z", "2024-02-29T10:11:12+02:00", "2024-02-29T10:11:12 -99", "2024-02-29 10:11"]
        let twelve = "2024-02-29 10:11:12.000"
        #expect(try await read(times, with: "json_local_time") == [twelve, twelve, twelve, "2024-02-29 10:11:00.000"])
    }

    @Test(arguments: ["json_time", "json_local_time"])
    func `a time that no calendar or clock has is null`(function: String) async throws {
        let times = [
            "2024-02-31T10:00:00Z", "2023-02-29T10:00:00Z", "1900-02-29T10:00:00Z", "2024-04-31T10:00:00Z", "2024-00-01T10:00:00Z",
            "2024-13-01T10:00:00Z", "2024-01-00T10:00:00Z", "2024-01-32T10:00:00Z", "0000-01-01T10:00:00Z", "2024-01-01T25:00:00Z",
            "2024-01-01T24:00:01Z", "2024-01-01T10:60:00Z", "2024-01-01T10:00:61Z", "2024-01-01", "2024-01-01T10", "yesterday", "",
            "2024-01-01T10:00:00." + String(repeating: "1", count: 300) + "Z", "٢٠٢٤-01-01T10:00:00Z", "2024-01-01T1٠:00:00Z",
        ]
        #expect(try await read(times, with: function) == times.map { _ in nil })
    }

    @Test func `an instant whose zone is out of range is null`() async throws {
        let times = [
            "2024-01-01T10:00:00+16:00", "2024-01-01T10:00:00+02:60", "2024-01-01T10:00:00 CET", "2024-01-01T10:00:00\u{A0}Z",
            "2024-01-01T10:00:00" + String(repeating: " ", count: 300) + "Z", "2024-01-01T10:00:00Z\n",
        ]
        #expect(try await read(times, with: "json_time") == times.map { _ in nil })
    }
}
