import Core
import Database
import Foundation
import Sync
import TestKit
import Testing

@testable import ControlAPI
@testable import ControlServer

@Suite struct PeerTests {
    private static let stranger = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534"]

    @Test func `a user without permission is refused even if the socket's mode allows the connection`() async throws {
        try await asStranger(groups: "--clear-groups") { ending in
            #expect(ending.code == 1)
            #expect(ending.err.contains("you may not use this fitnessd"))
        }
    }

    @Test func `a member of the socket's group is served`() async throws {
        try await asStranger(groups: "--groups=65533,4242", socketGroup: 4_242) { ending in
            #expect(ending.code == 0 && ending.out.hasPrefix("fitnessd 1.2.3"))
        }
    }

    @Test func `a reader may look, is refused a change, told which group to join, and the refusal is recorded`() async throws {
        // A group that every Debian has.
        let adm: UInt32 = 4
        try await asStranger(groups: "--groups=65533,4242", socketGroup: 4_242, adminGroup: adm) { ending in
            #expect(ending.code == 0)
        }
        try await asStranger(["pause", "--reason", "mischief"], groups: "--groups=65533,4242", socketGroup: 4_242, adminGroup: adm) {
            ending in
            #expect(ending.code == 1)
            #expect(
                ending.err
                    == """
                    fitnessctl: you may look, but not change anything: join the group adm (sudo usermod -aG adm nobody, then log in again), \
                    or use sudo

                    """)
        } then: { daemon in
            let entries: AuditMessage = try await daemon.client.send(ControlTarget(.audit))
            #expect(entries.requests.map(\.action) == ["pause_all"] && entries.requests.first?.user == "nobody")
            #expect(entries.requests.first?.outcome == "refused" && entries.requests.first?.refusal == "not_allowed")
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.paused == nil)
        }
    }

    @Test func `a member of the group for admins may change things, and who did is shown`() async throws {
        try await asStranger(["pause", "--reason", "backup"], groups: "--groups=65533,4", socketGroup: 4_242, adminGroup: 4) { ending in
            #expect(ending.code == 0, "\(ending.err)")
        } then: { daemon in
            let status: StatusMessage = try await daemon.client.send(ControlTarget(.status))
            #expect(status.paused?.by == "nobody" && status.paused?.reason == "backup")
        }
    }

    /// Runs fitnessctl as another user against a socket with a mode that allows everybody. Only root can become another user; run by anyone else,
    /// the test shows instead that the own user is served.
    private func asStranger(
        _ arguments: [String] = ["status"], groups: String, socketGroup: UInt32? = nil, adminGroup: UInt32? = nil,
        _ check: @escaping @Sendable (Tool.Ending) throws -> Void,
        then: @escaping @Sendable (ControlHarness) async throws -> Void = { _ in }
    ) async throws {
        try await ControlHarness.serve(socketGroup: socketGroup, adminGroup: adminGroup) { daemon in
            guard geteuid() == 0 else {
                print("not root: tested for this user only")
                #expect(try await Tool.run(["status"], socket: daemon.socketPath).code == 0)
                return
            }
            chmod(daemon.socketPath, 0o666)
            let copy = URL(filePath: daemon.socketPath).deletingLastPathComponent().appending(path: "fitnessctl")
            // Copied by another process: if this one wrote it, a child being spawned might still hold it open for writing, and running it
            // would fail (ETXTBSY).
            #expect(try await run("/bin/cp", [builtProgram("fitnessctl").path, copy.path]).status == 0)
            let ending = try await Tool.run(
                arguments, socket: daemon.socketPath, executable: copy.path, prefix: Self.stranger + [groups])
            try check(ending)
            try await then(daemon)
        }
    }
}

@Suite struct PeerPolicyTests {
    private let open = PeerPolicy(ownUserID: 990, socketGroupID: 991, adminGroupID: nil)
    private let closed = PeerPolicy(ownUserID: 990, socketGroupID: 991, adminGroupID: 992)

    @Test(arguments: [
        (PeerCredentials(userID: 0, groupID: 5, groups: []), ControlAccess?.some(.admin), ControlAccess?.some(.admin)),
        (PeerCredentials(userID: 990, groupID: 5, groups: []), .admin, .admin),
        (PeerCredentials(userID: 1_000, groupID: 991, groups: []), .admin, .reader),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 991]), .admin, .reader),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [991, 992]), .admin, .admin),
        (PeerCredentials(userID: 1_000, groupID: 992, groups: []), nil, .admin),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 24]), nil, nil),
        (PeerCredentials(userID: 991, groupID: 990, groups: []), nil, nil),
        (PeerCredentials(userID: 992, groupID: 992_991, groups: []), nil, nil),
    ])
    func `root, the daemon's own account and the groups decide what a peer may do`(
        peer: PeerCredentials, withoutGroup: ControlAccess?, withGroup: ControlAccess?
    ) {
        #expect(open.access(of: peer) == withoutGroup)
        #expect(closed.access(of: peer) == withGroup)
    }

    @Test func `an account's refusals are recorded up to thirty a minute, and others' beside them`() throws {
        let clock = WallClock.manual(at: Date(timeIntervalSince1970: 1_800_000_000))
        let database = Database(url: "postgresql://nobody@localhost:1/none", logger: quietLogger)
        let gate = ControlGate(policy: open, desk: AuditDesk(database: database, clock: clock), clock: clock)
        func count(_ user: UInt32) -> Int {
            (0..<100).count { _ in gate.mayRecord(refusalOf: ControlPeer(userID: user, name: nil, access: nil)) }
        }
        #expect(count(1_000) == 30 && count(1_001) == 30 && count(1_000) == 0)
        clock.advance(by: .seconds(60))
        #expect(count(1_000) == 30)
        for user in UInt32(2_000)..<4_000 { _ = gate.mayRecord(refusalOf: ControlPeer(userID: user, name: nil, access: nil)) }
        #expect(count(5_000) == 0, "no more accounts than are counted")
    }
}
