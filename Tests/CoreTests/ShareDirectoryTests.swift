import Foundation
import TestKit
import Testing

@testable import Core

@Suite struct ShareDirectoryTests {
    @Test func `the folder that is set wins`() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder.appending(path: "db/migrations"), withIntermediateDirectories: true)
            let found = ShareDirectory.find(environment: ["FITNESSD_SHARE_DIR": folder.path])
            #expect(found?.standardizedFileURL.path == folder.path)
        }
    }

    @Test func `from a build folder the checkout is found`() {
        let found = ShareDirectory.find(environment: [:])
        #expect(found?.standardizedFileURL.path == checkout.standardizedFileURL.path)
    }

    @Test func `a set folder without migrations is passed over`() async throws {
        try await withTemporaryFolder { folder in
            let found = ShareDirectory.find(environment: ["FITNESSD_SHARE_DIR": folder.path])
            #expect(found?.standardizedFileURL.path != folder.path)
        }
    }
}
