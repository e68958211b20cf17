import COpenSSL
import Core
import Glibc

/// Memory for keys: never swapped, not in core dumps, zero in forked children, wiped when the last owner lets go.
///
/// Unchecked, because the pointer is not Sendable by itself: the bytes are written in `init` only, before anybody else can see them,
/// and are read-only pages from then on.
final class LockedMemory: @unchecked Sendable {
    private let pages: UnsafeMutableRawBufferPointer

    /// Fills at least `byteCount` bytes through `fill`. Nil when the kernel refuses to lock the memory (RLIMIT_MEMLOCK).
    init?(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (byteCount + pageSize - 1) / pageSize * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED else { return nil }
        pages = UnsafeMutableRawBufferPointer(start: start, count: size)
        guard Self.protect(pages) else {
            munmap(start, size)
            return nil
        }
        fill(pages)
        mprotect(start, size, PROT_READ)
    }

    deinit {
        guard let start = pages.baseAddress else { return }
        mprotect(start, pages.count, PROT_READ | PROT_WRITE)
        OPENSSL_cleanse(start, pages.count)
        munlock(start, pages.count)
        munmap(start, pages.count)
    }

    func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: pages[range]))
    }

    private static func protect(_ pages: UnsafeMutableRawBufferPointer) -> Bool {
        mlock(pages.baseAddress!, pages.count) == 0
            && madvise(pages.baseAddress, pages.count, MADV_DONTDUMP) == 0
            && madvise(pages.baseAddress, pages.count, MADV_WIPEONFORK) == 0
    }
}
