import Core
import Database
import Foundation
import TestKit
import Testing

@testable import EmbeddedPostgres

/// The private cluster on TCP: for one role and one database, on loopback.
@Suite struct DashboardListenerTests {
    @Test(arguments: [
        ("127.0.0.1:5433", "127.0.0.1:5433"), ("127.1.2.3:1", "127.1.2.3:1"), ("[::1]:5433", "[::1]:5433"),
        ("localhost:65535", "127.0.0.1:65535"), ("LOCALHOST:5433", "127.0.0.1:5433"),
    ])
    func `loopback addresses are taken`(text: String, expected: String) {
        #expect(DashboardListener(text)?.text == expected)
    }

    @Test(arguments: [
        "0.0.0.0:5433", "*:5433", ":5433", "192.168.1.5:5433", "[::]:5433", "[fe80::1]:5433", "[::ffff:127.0.0.1]:5433", "example.org:5433",
        "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:", "127.1:5433", "0x7f000001:5433",
        "127.0.0.1,0.0.0.0:5433",
        "::1:5433", "127.0.0.1 :5433", "127.0.0.1:5433 ", "127.0.0.1'\n:5433", "localhost.evil.example:5433", "",
    ])
    func `no other address is taken`(text: String) {
        #expect(DashboardListener(text) == nil)
    }

    /// A cluster with the role, whose password is `hush`, and a superuser with one.
    private func withServer(
        _ listener: DashboardListener, purpose: EmbeddedPostgres.Purpose = .throwaway, notices: Notices = Notices(),
        _ body: (EmbeddedPostgres, Database) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let server = EmbeddedPostgres(
                stateDirectory: folder, purpose: purpose, listener: listener, notices: notices, logger: quietLogger)
            let database = Database(url: try await server.start(), connectionsMax: 2, logger: quietLogger)
            let result: Result<Void, any Error>
            do {
                try await database.withConnection { connection in
                    for role in ["fitness_dashboard", "fitness_owner", "other"] {
                        let secret = try await connection.scramSecret(Secret("hush"), of: role)
                        if role != "fitness_owner" { try await connection.execute("CREATE ROLE \(role) LOGIN") }
                        try await connection.execute("ALTER ROLE \(role) PASSWORD '\(secret)'")
                    }
                }
                result = .success(try await body(server, database))
            } catch { result = .failure(error) }
            await database.close()
            await server.stop()
            try result.get()
        }
    }

    private func loopbackListener() throws -> DashboardListener {
        try #require(DashboardListener("127.0.0.1:\(try LoopbackSocket.freePort())"))
    }

    /// Logs in over TCP, and says which address the server saw.
    private func logIn(
        _ listener: DashboardListener, as role: String = "fitness_dashboard", password: String = "hush", to name: String = "fitness"
    )
        async throws -> String?
    {
        let url = "postgresql://\(role):\(password)@\(listener.text)/\(name)"
        let database = Database(url: url, connectionsMax: 1, logger: quietLogger)
        let result: Result<String?, any Error>
        do {
            result = .success(try await database.query("SELECT host(inet_client_addr())")[0].decode(String?.self))
        } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    @Test func `the one role logs in over TCP by its password, and nobody else with whatever password, nor to another database`()
        async throws
    {
        let listener = try loopbackListener()
        try await withServer(listener) { server, database in
            #expect(await server.dashboardObstacle == nil)
            #expect(try await logIn(listener) == "127.0.0.1")
            let refused = [
                ("fitness_dashboard", "wrong", "fitness"), ("fitness_dashboard", "hush", "postgres"), ("fitness_owner", "hush", "fitness"),
                ("fitness_owner", "hush", "postgres"), ("other", "hush", "fitness"), ("nobody_here", "hush", "fitness"),
            ]
            for (role, password, name) in refused {
                let error = await #expect(throws: DatabaseError.self) { try await logIn(listener, as: role, password: password, to: name) }
                #expect(error?.code == .authentication, "\(role) to \(name): \(String(describing: error))")
            }
            let stored = try await database.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'fitness_dashboard'")
            #expect(try stored[0].decode(String.self).hasPrefix("SCRAM-SHA-256$4096:"))
            // By the socket's own name, whatever port the server has on TCP.
            #expect(try await database.query("SELECT current_setting('port')::integer")[0].decode(Int.self) == listener.port)
        }
    }

    @Test func `a taken port is told, and the server works without TCP until it is started with a free one`() async throws {
        let (socket, port) = try LoopbackSocket.listen()
        let listener = try #require(DashboardListener("127.0.0.1:\(port)"))
        let notices = Notices()
        try await withServer(listener, purpose: .lasting, notices: notices) { server, database in
            #expect(await server.dashboardObstacle == "another program listens on 127.0.0.1:\(port)")
            #expect(notices.current.map(\.code) == [.dashboardsUnreachable] && notices.unready == nil)
            #expect(try await database.query("SELECT current_setting('listen_addresses')")[0].decode(String.self) == "")
            close(socket)
            let first = try #require(await server.serverPID)
            kill(first, SIGKILL)
            try await eventually("another server runs, with TCP") {
                guard await server.serverPID != first, await server.dashboardObstacle == nil else { return false }
                return (try? await logIn(listener)) == "127.0.0.1"
            }
            #expect(notices.current.isEmpty)
        }
    }

    @Test func `a port that is taken between the look and the start is told as well`() async throws {
        let (socket, port) = try LoopbackSocket.listen()
        defer { close(socket) }
        let listener = try #require(DashboardListener("127.0.0.1:\(port)"))
        try await withTemporaryFolder { folder in
            let server = EmbeddedPostgres(stateDirectory: folder, purpose: .throwaway, logger: quietLogger)
            _ = try await server.start()
            await server.stop()
            let (layout, account) = try ClusterFolders(state: folder.path).prepare()
            let launcher = ServerLauncher(
                layout: layout, account: account, installation: try await .find(), purpose: .throwaway, logger: quietLogger)
            await #expect(throws: DatabaseError.self) { try await launcher.launch(listener) }
            #expect(launcher.hasFailedToListen)
            await launcher.stop(try await launcher.launch())
        }
    }
}
