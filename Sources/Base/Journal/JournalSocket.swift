import CMemfd
import Core
import Glibc

/// The journal's datagram socket. The address is looked up anew for each entry, so that a journal that is restarted is found again.
public struct JournalSocket: Sendable {
    /// Where systemd's journal listens.
    public static let standardPath = "/run/systemd/journal/socket"

    private let path: String

    public init(path: String = standardPath) { self.path = path }

    /// Sends an entry; waits while the journal's buffer is full. False: no journal takes it.
    public func send(_ entry: JournalEntry) -> Bool {
        guard let address = UnixSocketAddress(path) else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let error = send(entry.bytes, descriptor, address)
        if error == 0 { return true }
        // Too long for a datagram: the entry goes into memory that the journal maps.
        guard error == EMSGSIZE || error == ENOBUFS else { return false }
        return sendAsFile(entry.bytes, descriptor, address)
    }

    /// The error of sendto(2); 0: sent.
    private func send(_ bytes: [UInt8], _ descriptor: Int32, _ address: UnixSocketAddress) -> Int32 {
        address.withPointer { pointer, length in
            while true {
                if sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length) >= 0 { return 0 }
                if errno != EINTR { return errno }
            }
        }
    }

    /// Sends a descriptor of sealed memory in place of the bytes. The journal takes it only sealed, since otherwise it could change while it is
    /// read.
    private func sendAsFile(_ bytes: [UInt8], _ descriptor: Int32, _ address: UnixSocketAddress) -> Bool {
        let file = memfd_create("journal-entry", Self.closeOnExec | Self.allowSealing)
        guard file >= 0 else { return false }
        defer { close(file) }
        do { try DurableFile.write(bytes, to: file) } catch { return false }
        guard fcntl(file, Self.addSeals, Self.allSeals) == 0 else { return false }
        return Self.pass(file, over: descriptor, to: address)
    }

    // linux/memfd.h and linux/fcntl.h.
    private static let closeOnExec: UInt32 = 1
    private static let allowSealing: UInt32 = 2
    private static let addSeals: Int32 = 1033
    /// No further seals, no shrinking, no growing, no writing.
    private static let allSeals: Int32 = 1 | 2 | 4 | 8

    /// A control message with one descriptor, laid out as cmsg(3) and unix(7) say: a `cmsghdr`, which Swift can't fill, the descriptor, padding.
    private struct DescriptorMessage {
        var length: Int
        var level: Int32
        var type: Int32
        var descriptor: Int32
        var padding: Int32 = 0
    }

    private static func pass(_ file: Int32, over descriptor: Int32, to address: UnixSocketAddress) -> Bool {
        let size = MemoryLayout<DescriptorMessage>.size
        let padding = MemoryLayout<Int32>.size
        var control = DescriptorMessage(length: size - padding, level: SOL_SOCKET, type: Int32(SCM_RIGHTS), descriptor: file)
        return address.withPointer { pointer, addressLength in
            withUnsafeMutableBytes(of: &control) { control in
                var message = msghdr()
                message.msg_name = UnsafeMutableRawPointer(mutating: pointer)
                message.msg_namelen = addressLength
                message.msg_control = control.baseAddress
                message.msg_controllen = size
                while sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) < 0 { if errno != EINTR { return false } }
                return true
            }
        }
    }

    // MARK: Whether the journal reads a descriptor

    /// Whether `JOURNAL_STREAM` (systemd.exec(5)) names the file behind the descriptor: then systemd has connected it with the journal. A program
    /// whose output was sent elsewhere since still has the variable.
    ///
    /// - Parameter variable: device and inode, with a colon between them.
    public static func isBehind(_ descriptor: Int32, variable: String?) -> Bool {
        var status = stat()
        guard let variable, fstat(descriptor, &status) == 0 else { return false }
        return variable == "\(status.st_dev):\(status.st_ino)"
    }
}
