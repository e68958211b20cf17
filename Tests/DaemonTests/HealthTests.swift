import Core
import Database
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// What the three doors say of the real process's health: `/readyz`, `status --check` and `doctor`; and its version.
@Suite struct HealthTests {
    private static func world() -> SimulatorWorld {
        let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())
        return SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 1)
    }

    @Test func `what makes readyz 503 makes status --check and doctor fail`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let port = try LoopbackSocket.freePort()
            let daemon = try await rig.start(["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)"])
            let http = HTTPClient(userAgent: "test")
            func ready() async throws -> Int {
                try await http.send(HTTPRequest(method: .get, url: "http://127.0.0.1:\(port)/readyz")).status
            }
            let well = try await rig.control("status", "--check")
            #expect(try await ready() == 200)
            #expect(!well.output.contains("FAIL"), "\(well.output)")
            let taken = try await rig.database.query(
                """
                DELETE FROM public.fitnessd_migration WHERE number = (SELECT max(number) FROM public.fitnessd_migration)
                RETURNING number, name
                """)
            #expect(taken.count == 1)
            #expect(try await ready() == 503)
            let ill = try await rig.control("status", "--check")
            #expect(
                ill.code == 1 && ill.output.contains("FAIL  database: 1 migration is missing; to do: restart fitnessd"), "\(ill.output)")
            let doctor = try await rig.control("doctor")
            #expect(doctor.code == 1 && doctor.output.contains("FAIL  database: 1 migration is missing\n"), "\(doctor.output)")
            await http.shutdown()
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    @Test func `tool and daemon of one build agree on their version`() async throws {
        try await DaemonRig.with(Self.world()) { rig in
            let daemon = try await rig.start()
            let own = try await DaemonProcess.run("fitnessd", ["--version"], environment: [:])
            let both = try await rig.control("--version")
            #expect(both.code == 0 && both.output == own.output + "fitnessd \(own.output.dropLast()) is running\n", "\(both.output)")
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    /// A mount in a namespace of its own is allowed to root, and to others where user namespaces are. Elsewhere it is only seen that the program has
    /// what it takes.
    @Test(arguments: ["fitnessd", "fitnessctl", "strava-simulator"])
    func `where proc is not mounted a program says so, and does nothing`(program: String) async throws {
        let path = try builtProgram(program).path
        let inside = ["150", "/usr/bin/unshare", "--map-root-user", "--mount", "/bin/sh", "-c"]
        let hides = "/bin/mount -t tmpfs none /proc"
        guard try await run("/usr/bin/timeout", inside + [hides]).status == 0 else {
            let bytes = try Data(contentsOf: URL(filePath: path), options: .mappedIfSafe)
            #expect(bytes.range(of: Data("stop_without_proc".utf8)) != nil)
            return
        }
        let ending = try await run("/usr/bin/timeout", inside + ["\(hides) && exec \"$0\" --version", path])
        #expect(ending.status == 1 && ending.output.hasSuffix("mount it first: mount -t proc proc /proc\n"), "\(ending.output)")
    }
}
