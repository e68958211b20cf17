import Database
import Foundation
import TestKit
import Testing

/// PgBouncer between the daemon and PostgreSQL, in each of its pool modes.
@Suite struct PoolerTests {
    @Test(.timeLimit(.minutes(1)), arguments: [("session", true), ("transaction", false), ("statement", false)])
    func `a pooler that shares a session between clients is refused with a sentence`(mode: String, isFit: Bool) async throws {
        try await withTestDatabaseURL { url in
            try await PgBouncer.with(mode, before: url) { pooled in
                let database = Database(url: pooled, logger: quietLogger)
                let result: Result<Void, any Error>
                do { result = .success(try await database.requireOwnSession()) } catch { result = .failure(error) }
                await database.close()
                if isFit {
                    #expect(throws: Never.self) { try result.get() }
                } else {
                    let error = #expect(throws: DatabaseError.self) { try result.get() }
                    #expect(error?.message.contains("set pool_mode = session for this database") == true, "\(error as Any)")
                }
            }
        }
    }
}
