import Foundation
import TestKit
import Testing

@testable import Core

@Suite struct ShareDirectoryTests {
    @Test func `the configured folder takes precedence`() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(at: folder.appending(path: "db/migrations"), withIntermediateDirectories: true)
            let found = ShareDirectory.find(environment: ["FITNESSD_SHARE_DIR": folder.path])
            #expect(found?.standardizedFileURL.path == folder.path)
        }
    }

    @Test func `the checkout is found from its build folder`() {
        let found = ShareDirectory.find(environment: [:])
        #expect(found?.standardizedFileURL.path == checkout.standardizedFileURL.path)
    }

    @Test func `a configured folder without migrations is ignored`() async throws {
        try await withTemporaryFolder { folder in
            let found = ShareDirectory.find(environment: ["FITNESSD_SHARE_DIR": folder.path])
            #expect(found?.standardizedFileURL.path != folder.path)
        }
    }
}
