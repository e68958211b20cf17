import Core
import Database
import EmbeddedPostgres
import Foundation
import Logging

/// The login of dashboards to the private cluster: the role, and its password in a file of libpq's format (libpq, "The Password File") that
/// programs name with `passfile=`.
///
/// The file is the password's only place: PostgreSQL has a hash. It is made when it is missing or unusable, and each start sets the role's
/// password from it; so whoever removes it has a new password after a restart.
struct DashboardLogin: Sendable {
    /// Sessions of dashboards at once. Each may hold `work_mem` several times; the daemon needs the processor, too.
    private static let sessionsMax = 10
    private static let passwordBytes = 32
    /// A line of a password file: host, port, database, user, password. Any host and port, since a tunnel or a proxy may change both.
    private static let beginning = "*:*:\(EmbeddedPostgres.databaseName):\(DashboardListener.roleName):"
    private static let fileBytesMax = 1_024

    let listener: DashboardListener
    let directory: StateDirectory

    var passwordFile: String { "\(directory.path)/\(StateDirectory.dashboardPasswordName)" }

    /// For programs that use libpq. It holds no password.
    var url: String {
        let file = passwordFile.split(separator: "/", omittingEmptySubsequences: false).map { PercentCoding.encode(String($0)) }
        return "postgresql://\(DashboardListener.roleName)@\(listener.text)/\(EmbeddedPostgres.databaseName)?passfile="
            + file.joined(separator: "/")
    }

    /// Lets the role log in with the file's password.
    ///
    /// - Throws: `ConfigurationError` when the file can't be used, `DatabaseError`.
    func admit(to database: Database, logger: Logger) async throws {
        let password = try password(logger)
        try await database.withConnection { connection in
            let secret = try await connection.scramSecret(password, of: DashboardListener.roleName)
            try await connection.execute(
                "ALTER ROLE \(DashboardListener.roleName) LOGIN CONNECTION LIMIT \(Self.sessionsMax) PASSWORD '\(secret)'")
        }
    }

    /// The password in the file, or a new one.
    private func password(_ logger: Logger) throws -> Secret {
        let descriptor = try directory.open(StateDirectory.dashboardPasswordName)
        defer { close(descriptor) }
        // libpq ignores a password file that others may read.
        guard fchmod(descriptor, 0o600) == 0 else { throw directory.notWritable(errno) }
        if let kept = Self.read(descriptor) { return kept }
        let password = Base64URL.random(byteCount: Self.passwordBytes)
        try directory.rewrite(descriptor, "\(Self.beginning)\(password)\n")
        logger.log(.info, "made the password file of dashboards", [.path: passwordFile])
        return Secret(password)
    }

    /// Nil: the file is not one that `password` has written to its end.
    private static func read(_ descriptor: Int32) -> Secret? {
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        let count = pread(descriptor, &bytes, fileBytesMax, 0)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        guard text.hasPrefix(beginning), text.hasSuffix("\n") else { return nil }
        let password = text.dropFirst(beginning.count).dropLast()
        return Base64URL.bytes(password)?.count == passwordBytes ? Secret(String(password)) : nil
    }
}
