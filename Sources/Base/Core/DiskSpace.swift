import Glibc

/// The room on a file system.
public struct DiskSpace: Sendable, Equatable {
    /// What an ordinary account may still use, and the whole size, in bytes.
    public let freeBytes: Int64
    public let bytes: Int64

    /// - Throws: the kernel's reason when it can't be seen.
    public init(of path: String) throws(DurableFile.Failure) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { throw DurableFile.Failure(number: errno) }
        let block = Int64(clamping: status.f_frsize)
        freeBytes = Self.bytes(Int64(clamping: status.f_bavail), block)
        bytes = Self.bytes(Int64(clamping: status.f_blocks), block)
    }

    private static func bytes(_ blocks: Int64, _ block: Int64) -> Int64 {
        let (product, isTooLarge) = blocks.multipliedReportingOverflow(by: block)
        return isTooLarge ? .max : product
    }
}
