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
        try await DemoFolder.with(name: "fd %&") { folder in
            let port = try LoopbackSocket.freePort()
            let environment = folder.environment.merging(["FITNESSD_DASHBOARD_LISTEN": "localhost:\(port)"]) { $1 }
            try await body(DashboardDemo(state: folder.state, port: port, environment: environment))
        }
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
