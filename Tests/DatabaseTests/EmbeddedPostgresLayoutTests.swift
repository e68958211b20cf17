import Database
import Foundation
import TestKit
import Testing

@testable import EmbeddedPostgres

@Suite struct EmbeddedPostgresLayoutTests {
    private func layout(_ state: String, canReach: Bool = true) -> ClusterLayout {
        .decide(state: state, canReachState: canReach, outside: "/var/lib/x", shortFolder: "/run/x")
    }

    @Test func `the cluster and its socket are in the state directory`() {
        let layout = layout("/var/lib/fitnessd")
        #expect(layout.cluster == "/var/lib/fitnessd/postgres")
        #expect(layout.socketDirectory == "/var/lib/fitnessd/postgres/socket")
        #expect(
            layout.url(database: "fitness", user: "u") == "postgresql://u@%2Fvar%2Flib%2Ffitnessd%2Fpostgres%2Fsocket:5432/fitness")
    }

    @Test func `a state directory that the server can't reach has its cluster elsewhere, always in the same folder`() {
        let first = layout("/root/state", canReach: false)
        #expect(first.cluster.hasPrefix("/var/lib/x/"))
        #expect(first == layout("/root/state", canReach: false))
        #expect(first != layout("/root/other", canReach: false))
    }

    @Test(arguments: [107, 108]) func `a socket path of 107 bytes is the longest`(bytes: Int) {
        let rest = "/postgres/socket/.s.PGSQL.65535".utf8.count
        let layout = layout("/" + String(repeating: "a", count: bytes - rest - 1))
        #expect(layout.socketDirectory.hasPrefix("/run/x-") == (bytes > 107))
    }

    @Test func `an account reaches folders whose mode allows it`() async throws {
        try await withTemporaryFolder { folder in
            let shut = folder.appending(path: "shut")
            try FileManager.default.createDirectory(at: shut, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            let stranger = ServerAccount(name: "x", userID: 54_321, groupID: 54_321, isDropped: true)
            #expect(stranger.canReach(folder.path))
            #expect(!stranger.canReach(shut.path))
            #expect(!stranger.canReach(shut.appending(path: "missing").path))
        }
    }

    @Test func `another account's folder or a link is not used for the socket`() async throws {
        try await withTemporaryFolder { folder in
            let link = folder.appending(path: "link").path
            symlink("/tmp", link)
            #expect(throws: DatabaseError.self) {
                try ClusterFiles.makeDirectory(link, mode: 0o700, owner: (geteuid(), getegid()))
            }
            let other = folder.appending(path: "other").path
            mkdir(other, 0o700)
            #expect(throws: DatabaseError.self) {
                try ClusterFiles.makeDirectory(other, mode: 0o700, owner: (geteuid() + 1, getegid()))
            }
        }
    }
}
