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

    /// A peer with more than 256 groups (ERANGE) counts as having none, which can only refuse it.
    private static func groups(_ options: any SocketOptionProvider) async -> Set<UInt32> {
        let list: InlineArray<256, UInt32>? = try? await options.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: 59)
        ).get()  // SO_PEERGROUPS
        guard let list else { return [] }
        return Set(list.indices.map { list[$0] }).subtracting([0])
    }

    /// `struct ucred` of <sys/socket.h>, which Swift does not import.
    private struct Credentials: Sendable {
        let processID: Int32
        let userID: UInt32
        let groupID: UInt32
    }
}

/// Who may use the control API: root, the daemon's own user, and members of the socket's group. Decided once per connection.
struct PeerPolicy: Sendable {
    let ownUserID: UInt32
    let socketGroupID: UInt32

    func allows(_ peer: PeerCredentials) -> Bool {
        peer.userID == 0 || peer.userID == ownUserID || peer.groupID == socketGroupID || peer.groups.contains(socketGroupID)
    }
}
