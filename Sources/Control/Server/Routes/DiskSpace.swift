import Foundation

/// The room on a file system.
struct DiskSpace: Equatable {
    /// What an ordinary account may still use, and the whole size, in bytes.
    let freeBytes: Int64
    let bytes: Int64

    /// Nil: it can't be seen.
    static func of(_ directory: URL) -> DiskSpace? {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else { return nil }
        let block = Int64(clamping: status.f_frsize)
        func bytes(_ blocks: some BinaryInteger) -> Int64 {
            let (product, isTooLarge) = Int64(clamping: blocks).multipliedReportingOverflow(by: block)
            return isTooLarge ? .max : product
        }
        return DiskSpace(freeBytes: bytes(status.f_bavail), bytes: bytes(status.f_blocks))
    }
}
