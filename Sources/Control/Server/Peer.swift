import ControlAPI
import NIOCore

/// The process at the other end of a Unix socket, as recorded by the kernel when it connected (SO_PEERCRED, unix(7)).
struct PeerCredentials: Sendable, Equatable {
    let userID: UInt32
    let groupID: UInt32
    /// Supplementary groups, without group 0, which can't be told from unused slots of the kernel's list.
    let groups: Set<UInt32>

    /// Reads them from an accepted connection. Throws if the kernel has none.
    static func read(_ channel: any Channel) async throws -> PeerCredentials {
        guard let options = channel as? any SocketOptionProvider else { throw ChannelError.operationUnsupported }
        let peer: Credentials = try await options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: 17)).get()  // SO_PEERCRED
        return PeerCredentials(userID: peer.userID, groupID: peer.groupID, groups: await groups(options))
    }

    /// What the kernel says of the process, not the name service of its account: whoever gave up a group has it no more. A peer with more groups
    /// than are read (ERANGE) counts as having none, which can only refuse it.
    private static func groups(_ options: any SocketOptionProvider) async -> Set<UInt32> {
        let name = NIOBSDSocket.Option(rawValue: 59)  // SO_PEERGROUPS
        let few: InlineArray<256, UInt32>? = try? await options.unsafeGetSocketOption(level: .socket, name: name).get()
        if let few { return Set(few.indices.map { few[$0] }).subtracting([0]) }
        let many: InlineArray<4096, UInt32>? = try? await options.unsafeGetSocketOption(level: .socket, name: name).get()
        guard let many else { return [] }
        return Set(many.indices.map { many[$0] }).subtracting([0])
    }

    /// `struct ucred` of <sys/socket.h>, which Swift does not import.
    private struct Credentials: Sendable {
        let processID: Int32
        let userID: UInt32
        let groupID: UInt32
    }
}

/// Who may use the control API: root and the daemon's own account may do everything, members of the socket's group may look, and members of the
/// group for admins may change things; without such a group, those of the socket's group may.
struct PeerPolicy: Sendable {
    let ownUserID: UInt32
    let socketGroupID: UInt32
    /// Nil: there is no such group.
    let adminGroupID: UInt32?

    /// Nil: nothing.
    func access(of peer: PeerCredentials) -> ControlAccess? {
        if peer.userID == 0 || peer.userID == ownUserID { return .admin }
        if peer.isMember(of: adminGroupID ?? socketGroupID) { return .admin }
        return peer.isMember(of: socketGroupID) ? .reader : nil
    }
}

extension PeerCredentials {
    fileprivate func isMember(of group: UInt32) -> Bool { groupID == group || groups.contains(group) }
}
