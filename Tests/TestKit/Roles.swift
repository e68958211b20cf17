import Database
import Foundation

/// Runs db/roles.sql in this database, one test at a time: the roles belong to the whole server.
public func makeRoles(in database: Database) async throws {
    let script = try String(contentsOf: checkout.appending(path: "db/roles.sql"), encoding: .utf8)
    await TestGate.roles.enter()
    do {
        try await database.withConnection { try await $0.execute(script) }
    } catch {
        await TestGate.roles.leave()
        throw error
    }
    await TestGate.roles.leave()
}
