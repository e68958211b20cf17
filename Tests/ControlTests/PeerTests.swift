import ControlAPI
import Foundation
import TestKit
import Testing

@testable import ControlServer

@Suite struct PeerTests {
    private static let stranger = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534"]

    @Test func `a stranger who gets through to the socket is refused`() async throws {
        try await asStranger(groups: "--clear-groups") { ending in
            #expect(ending.code == 1)
            #expect(ending.err.contains("you may not ask this fitnessd"))
        }
    }

    @Test func `a member of the socket's group is served`() async throws {
        try await asStranger(groups: "--groups=65533,4242", socketGroup: 4_242) { ending in
            #expect(ending.code == 0 && ending.out.hasPrefix("fitnessd 1.2.3"))
        }
    }

    /// Runs fitnessctl as another user against a socket that everybody may connect to. Only root can become another user: an ordinary user's
    /// run shows instead that their own user is served.
    private func asStranger(
        groups: String, socketGroup: UInt32? = nil, _ check: @escaping @Sendable (Tool.Ending) throws -> Void
    ) async throws {
        try await ControlHarness.serve(socketGroup: socketGroup) { daemon in
            guard geteuid() == 0 else {
                print("not root: shown for the own user only")
                #expect(try await Tool.run(["status"], socket: daemon.socketPath).code == 0)
                return
            }
            chmod(daemon.socketPath, 0o666)
            let copy = URL(filePath: daemon.socketPath).deletingLastPathComponent().appending(path: "fitnessctl")
            // By a program of its own: were it written here, a child that is just being made might still hold it open for writing, and
            // running it would fail (ETXTBSY).
            #expect(try await run("/bin/cp", [Tool.path.path, copy.path]).status == 0)
            let ending = try await Tool.run(
                ["status"], socket: daemon.socketPath, executable: copy.path, prefix: Self.stranger + [groups])
            try check(ending)
        }
    }
}
