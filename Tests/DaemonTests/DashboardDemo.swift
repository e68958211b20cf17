import Foundation
import TestKit
import Testing

/// A demo with a private cluster, which dashboards reach at a port of its own.
struct DashboardDemo: Sendable {
    /// The demo's state directory.
    let state: String
    let port: Int
    var environment: [String: String]

    static func with(_ body: (DashboardDemo) async throws -> Void) async throws {
        // A name that must be percent-encoded in a URL.
        let folder = "/tmp/fd-\(UUID().uuidString.prefix(6)) %&"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer {
            // Root's private cluster is outside, since PostgreSQL refuses to run as root.
            if let outside = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/demo/postgres") {
                try? FileManager.default.removeItem(atPath: outside)
            }
            try? FileManager.default.removeItem(atPath: folder)
        }
        let port = try freePort()
        let environment = [
            "FITNESSD_STATE_DIR": folder, "FITNESSD_HTTP_LISTEN": "off", "FITNESSD_DASHBOARD_LISTEN": "localhost:\(port)", "HOME": folder,
            "FITNESSD_CONTROL_SOCKET": folder + "/c.sock",
        ]
        try await body(DashboardDemo(state: folder + "/demo", port: port, environment: environment))
    }

    /// Starts it, and waits until its data is in silver.
    func start() async throws -> DaemonProcess {
        let process = try DaemonProcess("fitnessd", ["run", "--demo"], environment: environment)
        try await eventually("the summary from silver is printed", within: .seconds(120)) { process.output.contains("Look further:") }
        return process
    }

    func stop(_ daemon: DaemonProcess) async throws {
        daemon.signal(SIGTERM)
        #expect(try await daemon.waitForEnd() == 0)
    }

    func control(_ arguments: String...) async throws -> (code: Int32, output: String) {
        try await DaemonProcess.run("fitnessctl", arguments, environment: environment)
    }

    /// What `fitnessctl dashboard-url` prints.
    func url() async throws -> String {
        let printed = try await control("dashboard-url")
        try #require(printed.code == 0, "\(printed.output)")
        return printed.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
