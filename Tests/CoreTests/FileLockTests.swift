import Core
import Foundation
import TestKit
import Testing

@Suite struct FileLockTests {
    @Test func `a lock that is held is refused, and free again after its release`() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "lock").path
            let lock = try FileLock(path: path)
            #expect(throws: FileLockError.held) { try FileLock(path: path) }
            lock.release()
            try FileLock(path: path).release()
        }
    }

    @Test func `a lock through a link is refused`() async throws {
        try await withTemporaryFolder { folder in
            let link = folder.appending(path: "link").path
            symlink(folder.appending(path: "target").path, link)
            #expect(throws: FileLockError.unusable(errno: ELOOP)) { try FileLock(path: link) }
        }
    }
}
