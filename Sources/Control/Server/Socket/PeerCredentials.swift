import NIOCore

/// Who is at the other end of a Unix socket, as the kernel noted it when they connected (SO_PEERCRED, unix(7)).
struct PeerCredentials: Sendable, Equatable {
    let userID: UInt32
    let groupID: UInt32
    /// Supplementary groups. Group 0 is never among them: the kernel's list is read into zeroes.
    let groups: Set<UInt32>

    /// Reads them from an accepted connection. Throws when the kernel has none.
    static func read(_ channel: any Channel) async throws -> PeerCredentials {
        guard let options = channel as? any SocketOptionProvider else { throw ChannelError.operationUnsupported }
        let peer: Credentials = try await options.unsafeGetSocketOption(level: .socket, name: .init(rawValue: 17)).get()  // SO_PEERCRED
        return PeerCredentials(userID: peer.userID, groupID: peer.groupID, groups: await groups(options))
    }

    /// A peer with more groups than fit is taken to have none (ERANGE): that only refuses.
    private static func groups(_ options: any SocketOptionProvider) async -> Set<UInt32> {
        let list: InlineArray<256, UInt32>? = try? await options.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: 59)
        ).get()  // SO_PEERGROUPS
        guard let list else { return [] }
        return Set(list.indices.map { list[$0] }).subtracting([0])
    }

    /// `struct ucred` of <sys/socket.h>, which the importer leaves out.
    private struct Credentials: Sendable {
        let processID: Int32
        let userID: UInt32
        let groupID: UInt32
    }
}
