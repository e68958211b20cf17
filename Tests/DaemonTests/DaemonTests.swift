import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

@Suite struct DaemonTests {
    @Test func `a stop in the middle of work releases the leases, and the next start resumes at once`() async throws {
        let world = SimulatorWorld(seed: 5, epoch: epoch, athleteCount: 2, activitiesEach: 20, points: 40...60)
        try await DaemonRig.with(world) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            await rig.simulator.waitForRequests(8) { $0.endpoint == "streams" }
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd(within: .seconds(15)) == 0)
            #expect(try await rig.database.query("SELECT 1 FROM sync.schedule WHERE lease_owner IS NOT NULL").isEmpty)
            let second = try await rig.start()
            try await eventually("all is in silver", within: .seconds(60)) { try await rig.isComplete() }
            #expect(try await rig.differences() == [])
            second.signal(SIGINT)
            #expect(try await second.waitForEnd(within: .seconds(15)) == 0)
        }
    }

    @Test func `a second daemon on the same socket refuses to start, and the first keeps running`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 1, epoch: epoch, athleteCount: 1, activitiesEach: 1)) { rig in
            let first = try await rig.start()
            let second = try await DaemonProcess.run("fitnessd", ["run"], environment: rig.environment)
            #expect(second.code == 1)
            #expect(second.output.contains("another fitnessd") && second.output.contains("control.sock"))
            #expect(try await rig.control("status").code == 0)
            first.signal(SIGKILL)
            _ = try await first.waitForEnd()
            let third = try await rig.start()
            #expect(try await rig.control("status").code == 0, "a stale socket is replaced")
            third.signal(SIGTERM)
            #expect(try await third.waitForEnd() == 0)
        }
    }

    @Test func `secrets appear in no output, process list or error`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 2, epoch: epoch, athleteCount: 1, activitiesEach: 3, points: 30...40)) { rig in
            let process = try await rig.start(["FITNESSD_LOG_LEVEL": "trace"])
            let file = try rig.importFile()
            let imported = try await rig.control("athletes", "import", file)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let commandLine = try Data(contentsOf: URL(filePath: "/proc/\(process.pid)/cmdline"))
            process.signal(SIGTERM)
            _ = try await process.waitForEnd()
            let line = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any])
            let secrets = [line["access_token"], line["refresh_token"], rig.simulator.options.clientSecret].compactMap { $0 as? String }
            #expect(secrets.count == 3)
            for secret in secrets {
                #expect(!process.output.contains(secret) && !imported.output.contains(secret))
                #expect(!String(decoding: commandLine, as: UTF8.self).contains(secret))
            }
        }
    }
}
