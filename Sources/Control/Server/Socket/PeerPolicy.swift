/// Who may ask: root, the daemon's own user, and members of the socket file's group. Decided once per connection.
struct PeerPolicy: Sendable {
    let ownUserID: UInt32
    let socketGroupID: UInt32

    func allows(_ peer: PeerCredentials) -> Bool {
        peer.userID == 0 || peer.userID == ownUserID || peer.groupID == socketGroupID || peer.groups.contains(socketGroupID)
    }
}
