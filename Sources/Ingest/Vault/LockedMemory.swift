import COpenSSL
import Foundation
import Glibc

/// Memory for keys: never swapped, not in core dumps, zero in forked children, wiped when released.
///
/// Unchecked, because the pointer is not Sendable by itself: the bytes are written only in `init`, before the object is shared, and the pages
/// are read-only from then on.
final class LockedMemory: @unchecked Sendable {
    private let pages: UnsafeMutableRawBufferPointer

    /// Allocates at least `byteCount` bytes and calls `fill` with them. Nil when the kernel refuses to lock the memory; errno then says why.
    ///
    /// `pages` is set last: once it is set, `deinit` runs even when the initializer fails, and would wipe unmapped pages.
    init?(
        byteCount: Int, lock: (UnsafeMutableRawBufferPointer) -> Bool = LockedMemory.protect, fill: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (byteCount + pageSize - 1) / pageSize * pageSize
        let flags = MAP_PRIVATE | MAP_ANONYMOUS
        guard let start = mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED else { return nil }
        let mapped = UnsafeMutableRawBufferPointer(start: start, count: size)
        guard lock(mapped) else {
            let reason = errno
            munmap(start, size)
            errno = reason
            return nil
        }
        fill(mapped)
        mprotect(start, size, PROT_READ)
        pages = mapped
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

    /// Why this process may not lock memory, in the kernel's words; nil: it may.
    static func refusal(lock: (UnsafeMutableRawBufferPointer) -> Bool = LockedMemory.protect) -> String? {
        LockedMemory(byteCount: 1, lock: lock) { _ in } == nil ? String(cString: strerror(errno)) : nil
    }

    static func protect(_ pages: UnsafeMutableRawBufferPointer) -> Bool {
        guard let start = pages.baseAddress else { return false }
        return mlock(start, pages.count) == 0
            && madvise(start, pages.count, MADV_DONTDUMP) == 0
            && madvise(start, pages.count, MADV_WIPEONFORK) == 0
    }
}
