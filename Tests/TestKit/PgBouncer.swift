import Foundation
import Testing

/// A PgBouncer on a loopback port, in front of a test's server.
public struct PgBouncer {
    /// Runs `body` with the database at `url` as seen through a pooler.
    ///
    /// - Parameters:
    ///   - mode: `session`, `transaction` or `statement`.
    ///   - url: the address of a database on a Unix socket.
    public static func with(_ mode: String, before url: String, _ body: (String) async throws -> Void) async throws {
        let server = try #require(URLComponents(string: url))
        let user = try #require(server.user)
        let name = String(server.path.dropFirst())
        let host = try #require(server.percentEncodedHost?.removingPercentEncoding)
        let port = try LoopbackSocket.freePort()
        let settings = """
            [databases]
            \(name) = host=\(host) port=\(server.port ?? 5432) user=\(user)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = \(mode)

            """
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "pgbouncer.ini")
            try settings.write(to: file, atomically: true, encoding: .utf8)
            let process = Process()
            process.executableURL = URL(filePath: "/usr/sbin/pgbouncer")
            // It refuses to run as root, and only the server's account can open the server's socket.
            let account = try FileManager.default.attributesOfItem(atPath: host)[.ownerAccountName] as? String
            process.arguments = (getuid() == 0 ? ["-u", account ?? "nobody"] : []) + ["-q", file.path]
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            defer { kill(process.processIdentifier, SIGKILL) }
            let pooled = "postgresql://\(user)@127.0.0.1:\(port)/\(name)"
            try await eventually("the pooler takes connections") { (try? LoopbackSocket.connect(to: port)).map(close) != nil }
            try await body(pooled)
        }
    }
}
