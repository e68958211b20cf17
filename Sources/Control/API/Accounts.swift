import Foundation

/// The account that answers for what an admin does, as the kernel told it when the account asked for its link.
public struct AdminAccount: Sendable {
    public let id: UInt32
    /// Nil: the number has no name.
    public let name: String?

    public init(id: UInt32, name: String?) {
        self.id = id
        self.name = name
    }
}

/// The system's accounts and groups by name and number, as the name service has them (nsswitch.conf(5)). A call may wait for a directory service.
public enum Accounts {
    /// The largest entry that is read, in bytes: a group with some ten thousand members.
    private static let entryBytesMax = 1 << 20

    /// Nil: the number has no name.
    public static func userName(_ id: UInt32) -> String? {
        entry({ getpwuid_r(id, $0, $1, $2, $3) }) { (account: passwd) in account.pw_name.map { String(cString: $0) } }
    }

    /// Nil: the number has no name.
    public static func groupName(_ id: UInt32) -> String? {
        entry({ getgrgid_r(id, $0, $1, $2, $3) }) { (group: Glibc.group) in group.gr_name.map { String(cString: $0) } }
    }

    /// The group of this name, or of this number. Nil: there is none of the name.
    public static func groupID(_ name: String) -> UInt32? {
        entry({ getgrnam_r(name, $0, $1, $2, $3) }) { (group: Glibc.group) in group.gr_gid } ?? UInt32(name)
    }

    /// The groups that a login of the account would have; a running program may have others.
    static func groupIDs(ofUser id: UInt32) -> Set<UInt32> {
        let account = entry({ getpwuid_r(id, $0, $1, $2, $3) }) { (account: passwd) in
            account.pw_name.map { (name: String(cString: $0), group: account.pw_gid) }
        }
        guard let account else { return [] }
        var count: Int32 = 65_536  // NGROUPS_MAX of <linux/limits.h>
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(account.name, account.group, &groups, &count) >= 0 else { return [account.group] }
        return Set(groups.prefix(Int(count)))
    }

    private typealias Call<Entry> = (
        UnsafeMutablePointer<Entry>, UnsafeMutablePointer<CChar>, Int, UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>
    ) -> Int32

    /// Calls one of the `…_r` functions with a buffer that grows as long as it is too small (ERANGE).
    private static func entry<Entry, Value>(_ call: Call<Entry>, _ read: (Entry) -> Value?) -> Value? {
        var size = 4_096
        while size <= entryBytesMax {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            let entry = UnsafeMutablePointer<Entry>.allocate(capacity: 1)
            defer {
                buffer.deallocate()
                entry.deallocate()
            }
            var found: UnsafeMutablePointer<Entry>?
            let code = call(entry, buffer, size, &found)
            if code == 0 { return found.flatMap { read($0.pointee) } }
            guard code == ERANGE else { return nil }
            size *= 4
        }
        return nil
    }
}
