import Core
import Foundation
import TestKit
import Testing

@testable import fitnessd

/// The small files of the state directory.
@Suite struct StateDirectoryTests {
    @Test func `a file written anew holds the new text alone`() async throws {
        try await withTemporaryFolder { folder in
            let directory = StateDirectory(folder)
            let descriptor = try directory.open("instance")
            defer { close(descriptor) }
            for text in ["a text that is longer", "short", ""] {
                try directory.rewrite(descriptor, text)
                #expect(try String(contentsOf: folder.appending(path: "instance"), encoding: .utf8) == text)
            }
        }
    }

    @Test func `a file that can't be written is an error with the state directory's name`() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "instance").path
            let descriptor = open(file, O_RDONLY | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            let error = #expect(throws: ConfigurationError.self) { try StateDirectory(folder).rewrite(descriptor, "text") }
            #expect(error?.description.contains(folder.path) == true)
        }
    }

    @Test(arguments: [nil, "", String(repeating: "x", count: 100), "9f0c1d5e-0000-4000-8000"])
    func `an identity is kept across starts, and made anew where it is damaged`(text: String?) async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "instance")
            if let text { try Data(text.utf8).write(to: file) }
            var identity: InstanceIdentity? = try InstanceIdentity(stateDirectory: folder)
            let id = identity?.id
            #expect(throws: ConfigurationError.self) { try InstanceIdentity(stateDirectory: folder) }
            #expect(try String(contentsOf: file, encoding: .utf8) == identity?.id.uuidString)
            identity = nil
            #expect(try InstanceIdentity(stateDirectory: folder).id == id)
        }
    }
}
