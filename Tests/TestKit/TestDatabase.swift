import Database

/// Lends a migrated database of its own, cloned from a template, and drops it afterwards. A missing server is a failure.
///
/// At most eight are lent at once, so that a parallel run stays within the server's connections: don't nest these calls.
public func withTestDatabase<Answer>(
    isolation: isolated (any Actor)? = #isolation, _ body: (Database) async throws -> Answer
) async throws -> Answer {
    try await withTestDatabaseURL { url in
        let database = Database(url: url, logger: quietLogger)
        do {
            let answer = try await body(database)
            await database.close()
            return answer
        } catch {
            await database.close()
            throw error
        }
    }
}

/// Lends the URL of a database of its own: for tests that start a program, or open connections themselves.
/// - Parameter isMigrated: false for an empty one.
public func withTestDatabaseURL<Answer>(
    isMigrated: Bool = true, isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Answer
) async throws -> Answer {
    await TestGate.databases.enter()
    let result: Result<Answer, any Error>
    do { result = .success(try await lend(isMigrated: isMigrated, body)) } catch { result = .failure(error) }
    await TestGate.databases.leave()
    return try result.get()
}

private func lend<Answer>(
    isMigrated: Bool, isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> Answer
) async throws -> Answer {
    let database = try await TestServer.shared.makeDatabase(isMigrated: isMigrated)
    let result: Result<Answer, any Error>
    do { result = .success(try await body(database.url)) } catch { result = .failure(error) }
    try await TestServer.shared.dropDatabase(database.name)
    return try result.get()
}
