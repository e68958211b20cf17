import Core
import Foundation

/// The rivals: a bare binary COPY of the same content by psql, and the predecessor's layout.
struct Rivals: Sendable {
    /// Names of the predecessor's stream tables, which bronze has as views.
    private static let streams = [
        "time", "distance", "latlng", "altitude", "velocity_smooth", "heartrate", "cadence", "watts", "temp", "moving", "grade_smooth",
    ]

    let server: BenchServer

    private func path(_ name: String) -> String { server.folder.appending(path: name).path }

    // MARK: Bare COPY

    /// Writes all answers and arrays of the warehouse to files, and makes tables without keys for them.
    func prepareBareCopy() async throws {
        try await server.run(
            """
            DROP SCHEMA IF EXISTS bare CASCADE;
            CREATE SCHEMA bare;
            CREATE TABLE bare.answer AS SELECT athlete_id, endpoint, object_id, body FROM bronze_strava.answer WITH NO DATA;
            ALTER TABLE bare.answer ALTER body SET COMPRESSION lz4;
            CREATE TABLE bare.activity_stream (LIKE silver.activity_stream INCLUDING COMPRESSION);
            """)
        try server.psql([
            "\\copy (SELECT athlete_id, endpoint, object_id, body FROM bronze_strava.answer) TO '\(path("answer"))' (FORMAT binary)",
            "\\copy silver.activity_stream TO '\(path("activity_stream"))' (FORMAT binary)",
        ])
    }

    func bareCopy() throws {
        try server.psql([
            "\\copy bare.answer FROM '\(path("answer"))' (FORMAT binary)",
            "\\copy bare.activity_stream FROM '\(path("activity_stream"))' (FORMAT binary)",
        ])
    }

    func emptyBareCopy() async throws { try await server.run("TRUNCATE bare.answer, bare.activity_stream; CHECKPOINT") }

    // MARK: The predecessor's layout

    /// Creates its tables.
    func makePredecessor() async throws { try await server.run(file: "Sources/Benchmarks/predecessor/layout.sql") }

    /// Writes the files that its loader would make of the streams of `count` activities; returns their points.
    func preparePredecessorCopy(of athlete: AthleteID, activities count: Int) async throws -> Double {
        let some = "SELECT activity_id FROM silver.activity_stream WHERE athlete_id = \(athlete) ORDER BY activity_id LIMIT \(count)"
        let tables = Self.streams + ["activity"]
        try server.psql(
            tables.map { table in
                "\\copy (SELECT * FROM bronze_strava.\(table) WHERE athlete_id = \(athlete) AND activity_id IN (\(some))) TO '\(path(table))' (FORMAT binary)"
            })
        return try await server.number("SELECT sum(point_count) FROM silver.activity_stream WHERE activity_id IN (\(some))")
    }

    /// Its landing and its silver: twelve files and one join.
    func predecessorLanding(of athlete: AthleteID) async throws {
        try server.psql((Self.streams + ["activity"]).map { "\\copy predecessor.\($0) FROM '\(path($0))' (FORMAT binary)" })
        try await joinPredecessor(athlete)
    }

    func emptyPredecessor() async throws {
        let tables = (Self.streams + ["activity", "aggregate_stream"]).map { "predecessor.\($0)" }.joined(separator: ", ")
        try await server.run("TRUNCATE \(tables); CHECKPOINT")
    }

    /// Fills its bronze with all of an athlete, and gathers statistics.
    func fillPredecessor(with athlete: AthleteID) async throws {
        for table in Self.streams + ["activity"] {
            try await server.run("INSERT INTO predecessor.\(table) SELECT * FROM bronze_strava.\(table) WHERE athlete_id = \(athlete)")
            try await server.run("VACUUM ANALYZE predecessor.\(table)")
        }
    }

    func joinPredecessor(_ athlete: AthleteID) async throws {
        try await server.run(file: "Sources/Benchmarks/predecessor/join.sql", ["athlete_id": "\(athlete)"])
    }

    /// When one activity has changed it makes the whole athlete again, in one transaction.
    func predecessorRefresh(of athlete: AthleteID) async throws {
        let join = try server.text(of: "Sources/Benchmarks/predecessor/join.sql", ["athlete_id": "\(athlete)"])
        try await server.run("DELETE FROM predecessor.aggregate_stream WHERE athlete_id = \(athlete);\n" + join)
    }

    /// Bytes of all tables of these schemas, with TOAST and indexes.
    func bytes(of schemas: [String]) async throws -> Double {
        let names = schemas.map { "'\($0)'" }.joined(separator: ", ")
        return try await server.number(
            """
            SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c
            WHERE c.relkind = 'r' AND c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN (\(names)))
            """)
    }
}
