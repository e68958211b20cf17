import Core
import Database
import Foundation
import Logging
import TestKit

@testable import OwnData

/// A database with the roles, two athletes (1 and 2), and the login `fitness_reader`.
struct ReaderFixture: Sendable {
    let owner: Database
    /// The URL of the same database by `fitness_reader`.
    let url: String
    let reader: AthleteReader

    static func with(_ body: (ReaderFixture) async throws -> Void) async throws {
        try await withTestDatabaseURL { url in
            let owner = Database(url: url, logger: quietLogger)
            let start = url.range(of: "://")!.upperBound
            let readerURL = url.replacingCharacters(in: start..<url.firstIndex(of: "@")!, with: "fitness_reader")
            let reader = AthleteReader(url: Secret(readerURL), daemon: owner, logger: quietLogger)
            let result: Result<Void, any Error>
            do {
                try await makeRoles(in: owner, then: "ALTER ROLE fitness_reader LOGIN")
                try await owner.withConnection { try await $0.execute(rows) }
                result = .success(try await body(ReaderFixture(owner: owner, url: readerURL, reader: reader)))
            } catch { result = .failure(error) }
            await reader.close()
            await owner.close()
            try result.get()
        }
    }

    var databaseName: String { String(url[url.index(after: url.lastIndex(of: "/")!)...]) }

    /// Connects as `fitness_reader`, without a binding.
    func connected<Answer>(_ body: (Connection) async throws -> Answer) async throws -> Answer {
        let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
        let result: Result<Answer, any Error>
        do { result = .success(try await database.withConnection { try await body($0) }) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    /// The MAC that the daemon would make.
    func mac(_ athlete: Int64, rights: Int32 = 6, transaction: Int64) async throws -> [UInt8] {
        try await ReaderKey(database: owner).mac(AthleteID(athlete), rights: rights, transaction: transaction)
    }

    /// Two athletes with activities of different numbers, names and distances, and an answer each.
    private static let rows = """
        INSERT INTO sync.athlete (athlete_id) VALUES (1), (2);
        INSERT INTO silver.athlete (athlete_id) VALUES (1), (2);
        INSERT INTO silver.activity (athlete_id, activity_id, name, distance_m, has_detail, transform_version)
            SELECT athlete, 100 * athlete + n, format('ride %s of %s', n, athlete), 1000.5 * n, false, 1
            FROM generate_series(1, 2) AS athlete, generate_series(1, 5 * athlete) AS n;
        INSERT INTO bronze_strava.answer (athlete_id, endpoint, object_id, request, status, fetched_at, body_bytes, sha256, body)
            SELECT n, 4, n, '/athlete', 200, now(), 16, sha256('\\x01'), convert_to(format('{"name":"of %s"}', n), 'UTF8')
            FROM generate_series(1, 2) AS n;
        """
}
