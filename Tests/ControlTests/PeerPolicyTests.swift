import Testing

@testable import ControlServer

@Suite struct PeerPolicyTests {
    private let policy = PeerPolicy(ownUserID: 990, socketGroupID: 991)

    @Test(arguments: [
        (PeerCredentials(userID: 0, groupID: 5, groups: []), true),
        (PeerCredentials(userID: 990, groupID: 5, groups: []), true),
        (PeerCredentials(userID: 1_000, groupID: 991, groups: []), true),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 991]), true),
        (PeerCredentials(userID: 1_000, groupID: 1_000, groups: [4, 24]), false),
        (PeerCredentials(userID: 991, groupID: 990, groups: []), false),
    ])
    func `root, the own user and the socket's group may ask`(peer: PeerCredentials, mayAsk: Bool) {
        #expect(policy.allows(peer) == mayAsk)
    }
}
