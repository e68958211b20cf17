import Database
import Foundation
import TestKit
import Testing

@testable import EmbeddedPostgres

/// Clusters outside their state directories, in a folder of the test.
@Suite struct ClusterInventoryTests {
    /// The cluster of a state directory, as `ClusterFolders` makes it where the server's account can't reach that directory.
    private struct Outside {
        let folder: URL
        let state: String
        let name: String
        var cluster: String { folder.appending(path: "outside/\(name)").path }
        var inventory: ClusterInventory {
            ClusterInventory(stateDirectory: folder.appending(path: "present").path, outside: folder.appending(path: "outside").path)
        }

        init(in folder: URL, isNoted: Bool = true) throws {
            self.folder = folder
            state = folder.appending(path: "gone").path
            name = ClusterLayout.name(for: state)
            let own = (uid: geteuid(), gid: getegid())
            for path in [folder.appending(path: "outside").path, folder.appending(path: "outside/\(name)").path] {
                try ClusterFiles.makeDirectory(path, mode: 0o711, owner: own)
            }
            if isNoted { try ClusterFiles.write(state + "\n", to: layout.stateRecord, mode: 0o644) }
        }

        var layout: ClusterLayout { ClusterLayout(cluster: cluster, socketDirectory: "\(cluster)/socket") }

        func launcher() async throws -> ServerLauncher {
            let account = try ServerAccount.choose(dataDirectory: nil)
            try ClusterFiles.makeDirectory(layout.socketDirectory, mode: 0o700, owner: (account.userID, account.groupID))
            return ServerLauncher(
                layout: layout, account: account, installation: try await .find(), purpose: .throwaway, logger: quietLogger)
        }

        /// Makes the state directory with its link.
        func makeState(leadingTo target: String) throws {
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: state + "/postgres", withDestinationPath: target)
        }
    }

    @Test func `a cluster shows its state directory, version and size, and is orphaned once that is gone`() async throws {
        try await withTemporaryFolder { folder in
            let outside = try Outside(in: folder)
            try await outside.launcher().createIfMissing()
            try outside.makeState(leadingTo: outside.cluster)
            let used = try #require(try outside.inventory.list().first)
            #expect(used.name == outside.name && used.stateDirectory == outside.state && used.belonging == .used && !used.isRunning)
            #expect(used.major == "\(try await ServerInstallation.find().major)" && used.bytes > 10_000_000)
            let refusal = #expect(throws: DatabaseError.self) { try outside.inventory.removable(outside.name) }
            #expect(refusal?.message.contains("belongs to \(outside.state), which is there") == true)
            try FileManager.default.removeItem(atPath: outside.state)
            #expect(try outside.inventory.list().map(\.belonging) == [.orphaned])
            try outside.makeState(leadingTo: folder.path)
            #expect(try outside.inventory.list().map(\.belonging) == [.orphaned], "a new directory of that name leads elsewhere")
        }
    }

    @Test func `an orphan that runs is not removed, and once stopped it goes without a trace`() async throws {
        try await withTemporaryFolder { folder in
            let outside = try Outside(in: folder)
            let launcher = try await outside.launcher()
            try await launcher.createIfMissing()
            let process = try await launcher.launch()
            #expect(try outside.inventory.list().map(\.isRunning) == [true])
            let refusal = await #expect(throws: DatabaseError.self) { try await outside.inventory.remove(outside.name) }
            #expect(refusal?.message.contains("is running") == true)
            await launcher.stop(process)
            // What a link in the data leads to stays.
            let precious = folder.appending(path: "precious")
            try Data("kept".utf8).write(to: precious)
            try FileManager.default.createSymbolicLink(atPath: outside.layout.data + "/link", withDestinationPath: precious.path)
            try await outside.inventory.remove(outside.name)
            #expect(!FileManager.default.fileExists(atPath: outside.cluster))
            #expect(FileManager.default.fileExists(atPath: precious.path))
            #expect(try outside.inventory.list().isEmpty)
        }
    }

    @Test func `without a note the owner is not known, unless the present settings are the owner's`() async throws {
        try await withTemporaryFolder { folder in
            let outside = try Outside(in: folder, isNoted: false)
            #expect(try outside.inventory.list().map(\.belonging) == [.unknown])
            let refusal = #expect(throws: DatabaseError.self) { try outside.inventory.removable(outside.name) }
            #expect(refusal?.message.contains("nothing says whose cluster") == true)
            let own = ClusterInventory(stateDirectory: outside.state, outside: folder.appending(path: "outside").path)
            #expect(try own.list().map(\.belonging) == [.orphaned])
        }
    }

    @Test(arguments: ["", "..", "../../etc", "0123456789abcdeF", "0123456789abcde", "0123456789abcdef"])
    func `a name that is none is refused`(name: String) async throws {
        try await withTemporaryFolder { folder in
            let inventory = try Outside(in: folder).inventory
            let refusal = await #expect(throws: DatabaseError.self) { try await inventory.remove(name) }
            #expect(refusal?.message.contains("there is no such cluster") == true)
        }
    }

    @Test func `a file that is not the cluster's is named and left`() async throws {
        try await withTemporaryFolder { folder in
            let outside = try Outside(in: folder)
            try Data("mine".utf8).write(to: URL(filePath: outside.cluster + "/notes.txt"))
            let refusal = await #expect(throws: DatabaseError.self) { try await outside.inventory.remove(outside.name) }
            #expect(refusal?.message.contains("also holds notes.txt") == true)
            try FileManager.default.removeItem(atPath: outside.cluster + "/notes.txt")
            try await outside.inventory.remove(outside.name)
            #expect(try outside.inventory.list().isEmpty)
        }
    }
}
