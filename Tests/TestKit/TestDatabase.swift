import Database
import Foundation

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

/// Lets a limited number of tests run at once, first come, first served. Swift Testing itself starts them all.
private actor TestGate {
    static let databases = TestGate(countMax: 8)
    /// Roles belong to the whole server: two tests can't create them at once.
    static let roles = TestGate(countMax: 1)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(countMax: Int) { free = countMax }

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}

/// Runs db/roles.sql in this database, and then `statement`, one test at a time: the roles belong to the whole server.
public func makeRoles(in database: Database, then statement: String = "") async throws {
    let script = try String(contentsOf: checkout.appending(path: "db/roles.sql"), encoding: .utf8) + "\n" + statement
    await TestGate.roles.enter()
    do {
        try await database.withConnection { try await $0.execute(script) }
    } catch {
        await TestGate.roles.leave()
        throw error
    }
    await TestGate.roles.leave()
}
