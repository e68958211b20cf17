import Foundation

/// A folder in which a test runs the demo, with settings that keep the demo in it.
public struct DemoFolder: Sendable {
    /// The configured state directory.
    public let path: String

    /// Lends a folder, and removes it with all that the demo has left.
    ///
    /// - Parameter name: the folder's own.
    public static func with(name: String = "demo", _ body: (DemoFolder) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let demo = DemoFolder(path: folder.path + "/" + name)
            // Passable: as root, the account of the private cluster reaches it, so that the cluster is inside, not in /var/lib.
            try FileManager.default.createDirectory(
                atPath: demo.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
            try await body(demo)
        }
    }

    /// The demo's own state directory, which the daemon makes.
    public var state: String { path + "/demo" }

    /// The settings for `fitnessd` and `fitnessctl`: no addresses to listen on.
    public var environment: [String: String] {
        [
            "FITNESSD_STATE_DIR": path, "FITNESSD_CONTROL_SOCKET": path + "/c.sock", "FITNESSD_HTTP_LISTEN": "off",
            "FITNESSD_DASHBOARD_LISTEN": "off", "HOME": path,
        ]
    }
}
