import Core
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// Rotations of the running program.
@Suite struct VaultRotationTests {
    private static let kills = 8
    private static let athleteCount = 3_000

    @Test func `kill -9 in the middle of a rotation, 8 times, loses no token and no key`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 5, epoch: epoch, athleteCount: 1, activitiesEach: 1, points: 30...31)) { rig in
            var random = SeededRandom(seed: modelSeed)
            var daemon = try await rig.start()
            #expect(try await rig.control("pause").code == 0)
            #expect(try await rig.control("athletes", "import", try Self.manyAthletes(rig)).code == 0)
            for kill in 1...Self.kills {
                async let rotation = rig.control("vault", "rotate")
                try await Task.sleep(for: .milliseconds(Int.random(in: 50...900, using: &random)))
                daemon.signal(SIGKILL)
                _ = try await daemon.waitForEnd()
                // The command waits for the daemon, and goes on.
                daemon = try await rig.start()
                _ = try await rotation
                let found = try await rig.control("vault", "verify")
                #expect(
                    found.code == 0 && found.output.contains("all 6000 sealed values") || found.output.contains("all 6,000 sealed values"),
                    "kill \(kill), seed \(modelSeed): \(found.output)")
            }
            let end = try await rig.control("vault", "rotate")
            #expect(end.code == 0, "\(end.output)")
            let keys = try await rig.database.query("SELECT DISTINCT key_id FROM vault.token").map { try $0.decode(String.self) }
            #expect(keys.count == 1)
            #expect(try await rig.control("vault", "verify").code == 0)
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            #expect(try await rig.database.query("SELECT FROM vault.instance").isEmpty, "a stop in good order keeps no rotation waiting")
            #expect(!daemon.output.contains("tok-"))
        }
    }

    @Test func `a second daemon with a keyring of its own is waited for, and one without the key does not start`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 5, epoch: epoch, athleteCount: 1, activitiesEach: 1, points: 30...31)) { rig in
            let first = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            var other = rig
            let state = rig.folder.appending(path: "b")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            let keyrings = (mine: rig.folder.appending(path: "keyring"), theirs: state.appending(path: "keyring"))
            let oldText = try Data(contentsOf: keyrings.mine)
            try Self.write(oldText, to: keyrings.theirs)
            other.environment.merge([
                "FITNESSD_STATE_DIR": state.path, "FITNESSD_CONTROL_SOCKET": state.appending(path: "control.sock").path,
                "FITNESSD_VAULT_KEY": keyrings.theirs.path, "FITNESSD_HTTP_LISTEN": "off",
            ]) { _, new in new }
            let second = try await other.start()
            let added = try await DaemonProcess.run("fitnessd", ["keygen", "--add", keyrings.mine.path], environment: [:])
            #expect(added.code == 0)
            let refused = try await rig.control("vault", "rotate")
            #expect(refused.code == 1 && refused.output.contains("instance"), "\(refused.output)")
            second.signal(SIGTERM)
            #expect(try await second.waitForEnd() == 0)
            let rotated = try await rig.control("vault", "rotate")
            #expect(rotated.code == 0, "\(rotated.output)")
            let late = try await DaemonProcess.run("fitnessd", ["run"], environment: other.environment)
            #expect(late.code == 1 && late.output.contains("the keyring \(keyrings.theirs.path)"), "\(late.output)")
            #expect(
                try await rig.database.query("SELECT FROM sync.athlete WHERE state <> 'active'").isEmpty, "nobody is asked to connect again"
            )
            try Self.write(try Data(contentsOf: keyrings.mine), to: keyrings.theirs)
            let again = try await other.start()
            #expect(try await other.control("vault", "verify").code == 0)
            for daemon in [again, first] {
                daemon.signal(SIGTERM)
                #expect(try await daemon.waitForEnd() == 0)
            }
        }
    }

    private static func write(_ text: Data, to file: URL) throws {
        try text.write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
    }

    /// Tokens that nobody gave: they are only sealed.
    private static func manyAthletes(_ rig: DaemonRig) throws -> String {
        let end = Int(Date().timeIntervalSince1970) + 20_000
        let lines = (1...athleteCount).map { number in
            """
            {"athlete_id":\(10_000 + number),"access_token":"tok-a-\(number)","refresh_token":"tok-r-\(number)","expires_at":\(end),\
            "scope":"read,activity:read_all"}
            """
        }
        let file = rig.folder.appending(path: "many.jsonl")
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
        return file.path
    }
}
