import Glibc

/// System calls for files that must survive a crash of the machine.
public enum DurableFile {
    /// Why a call failed, by errno.
    public struct Failure: Error, Equatable {
        public let number: Int32

        public init(number: Int32) { self.number = number }

        /// In the kernel's words.
        public var text: String { String(cString: strerror(number)) }
    }

    /// Writes all bytes, however many calls that takes.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) throws(Failure) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(number: errno) }
            written += count
        }
    }

    /// Waits until the file, or the names in the folder, are on the disk.
    public static func sync(_ descriptor: Int32) throws(Failure) {
        guard fsync(descriptor) == 0 else { throw Failure(number: errno) }
    }

    /// A new name is durable only once its folder is synced.
    public static func syncFolder(of path: String) throws(Failure) {
        let folder = open(folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure(number: errno) }
        defer { close(folder) }
        try sync(folder)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
