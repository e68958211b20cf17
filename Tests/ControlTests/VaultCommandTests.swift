import ControlAPI
import Foundation
import TestKit
import Testing
import Vault

@Suite struct VaultCommandTests {
    @Test func `verify opens every sealed value`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(1)...3 { try await daemon.addAthlete(id) }
            let text = try await Tool.run(["vault", "verify"], socket: daemon.socketPath)
            #expect(text.code == 0 && text.out == "all 6 sealed values of 3 athletes open\n")
            let json = try await Tool.run(["vault", "verify", "--json"], socket: daemon.socketPath)
            let found: VerificationMessage = try ControlClient.decoded(Array(json.out.utf8))
            #expect(found == VerificationMessage(athletes: 3, values: 6, opened: 6, unopenedCount: 0, unopened: []))
        }
    }

    @Test func `verify names what does not open, says why, and exits with 1`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(1)...4 { try await daemon.addAthlete(id) }
            try await daemon.database.query("UPDATE vault.token SET key_id = 'gone' WHERE athlete_id = 2")
            try await daemon.database.query("UPDATE vault.token SET sealed_refresh = sealed_access WHERE athlete_id = 3")
            try await daemon.database.query(
                "UPDATE vault.token SET sealed_access = '\\x01', dead_at = now(), dead_reason = 'refresh_token_invalid' WHERE athlete_id = 4"
            )
            let text = try await Tool.run(["vault", "verify"], socket: daemon.socketPath)
            #expect(text.code == 1 && text.err.contains("4 sealed values do not open"))
            #expect(text.out.hasPrefix("4 of 8 sealed values of 4 athletes open\n"))
            let rows = text.out.split(separator: "\n").filter { $0.contains("token") }.map { $0.split(separator: " ").prefix(4) }
            #expect(
                rows.map { $0.prefix(3).joined(separator: " ") } == [
                    "2 access token", "2 refresh token", "3 refresh token", "4 access token",
                ])
            #expect(text.out.contains("the keyring lacks the key") && text.out.contains("Strava no longer takes it anyway"))
            let json = try await Tool.run(["vault", "verify", "--json"], socket: daemon.socketPath)
            let found: VerificationMessage = try ControlClient.decoded(Array(json.out.utf8))
            #expect(json.code == 1 && found.unopenedCount == 4 && found.opened == 4)
            #expect(found.unopened.map(\.reason) == ["key_missing", "key_missing", "does_not_open", "does_not_open"])
            #expect(found.unopened.map(\.dead) == [false, false, false, true])
        }
    }

    @Test func `rotate seals everything with a new key, and the status shows it`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(1)...3 { try await daemon.addAthlete(id) }
            let before: VaultMessage = try await daemon.client.send(ControlTarget(.vault))
            #expect(before.keys.map(\.state) == ["sealing"] && before.keys.map(\.athletes) == [3] && !before.rotating)
            let old = try #require(before.sealingKeyID)
            let rotated = try await Tool.run(["vault", "rotate", "--json"], socket: daemon.socketPath)
            #expect(rotated.code == 0, "\(rotated.err)")
            let after: VaultMessage = try ControlClient.decoded(Array(rotated.out.utf8))
            #expect(after.sealingKeyID != old && after.remaining == 0 && !after.rotating)
            #expect(after.keys.map(\.state) == ["retired", "sealing"] && after.keys.map(\.athletes) == [0, 3])
            try await eventually("the old key is out of the keyring") {
                try await !Tool.run(["vault"], socket: daemon.socketPath).out.contains("keygen --retire")
            }
            let status = try await Tool.run(["vault"], socket: daemon.socketPath)
            #expect(status.out.contains("keyring \(daemon.keyringPath)") && status.out.contains("here (this one)"))
            #expect(try await Tool.run(["vault", "verify"], socket: daemon.socketPath).code == 0)
            let text = try await Tool.run(["vault", "rotate"], socket: daemon.socketPath)
            #expect(text.code == 0 && text.out.contains("the tokens of 3 athletes are sealed with"))
        }
    }

    @Test func `rotate without a right to write the keyring says what to do instead`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            try FileManager.default.createDirectory(atPath: daemon.keyringPath + ".new", withIntermediateDirectories: false)
            let refused = try await Tool.run(["vault", "rotate"], socket: daemon.socketPath)
            #expect(refused.code == 1 && refused.err.contains("fitnessd keygen --add \(daemon.keyringPath)"))
            let added = try await Tool.run(
                ["keygen", "--add", daemon.keyringPath], executable: builtProgram("fitnessd").path)
            #expect(added.code == 1, "the same obstacle")
            try FileManager.default.removeItem(atPath: daemon.keyringPath + ".new")
            #expect(try await Tool.run(["keygen", "--add", daemon.keyringPath], executable: builtProgram("fitnessd").path).code == 0)
            #expect(try await Tool.run(["vault", "rotate"], socket: daemon.socketPath).code == 0)
            #expect(try Keyring.load(path: daemon.keyringPath).keyIDs.count <= 2)
        }
    }

    @Test func `rotate names the fitnessd that lacks the key, and seals nothing with it`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1)
            let before: VaultMessage = try await daemon.client.send(ControlTarget(.vault))
            let other = UUID()
            try await daemon.database.query(
                """
                INSERT INTO vault.instance (instance_id, host, key_ids, seen_at)
                SELECT \(other), 'b.example', array_agg(key_id), now() FROM vault.key
                """)
            _ = try Keyring.add(toFileAt: daemon.keyringPath)
            let refused = try await Tool.run(["vault", "rotate"], socket: daemon.socketPath)
            #expect(refused.code == 1 && refused.err.contains("b.example (instance \(other.uuidString.lowercased())"))
            let after: VaultMessage = try await daemon.client.send(ControlTarget(.vault))
            #expect(after.sealingKeyID == before.sealingKeyID && after.remaining == 0 && !after.rotating)
        }
    }
}
