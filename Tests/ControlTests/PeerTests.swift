import ControlAPI
import Foundation
import TestKit
import Testing

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

    /// Runs fitnessctl as another user against a socket with a mode that allows everybody. Only root can become another user; run by anyone else,
    /// the test shows instead that the own user is served.
    private func asStranger(
        groups: String, socketGroup: UInt32? = nil, _ check: @escaping @Sendable (Tool.Ending) throws -> Void
    ) async throws {
        try await ControlHarness.serve(socketGroup: socketGroup) { daemon in
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
                ["status"], socket: daemon.socketPath, executable: copy.path, prefix: Self.stranger + [groups])
            try check(ending)
        }
    }
}

@Suite struct PeerPolicyTests {
    private let policy = PeerPolicy(ownUserID: 990, socketGroupID: 991)

    @Test(arguments: [
        (PeerCredentials(userID: 0, groupID: 5, groups: []), true),
        (PeerCredentials(userID: 990, groupID: 5, groups: []), true),
        (PeerCredentials(userID: 1_000, groupID: 991, groups: []), true),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 991]), true),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 24]), false),
        (PeerCredentials(userID: 991, groupID: 990, groups: []), false),
    ])
    func `root, the daemon's own user and the socket's group are allowed`(peer: PeerCredentials, isAllowed: Bool) {
        #expect(policy.allows(peer) == isAllowed)
    }
}
