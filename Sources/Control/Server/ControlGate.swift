import ControlAPI
import Core
import Foundation
import NIOCore
import NIOPosix
import Sync
import Synchronization

/// Who is at the other end of a connection, and what they may do. Decided once per connection.
struct ControlPeer: Sendable {
    let userID: UInt32
    /// Nil: the account has none, or the name service does not answer.
    let name: String?
    /// Nil: nothing.
    let access: ControlAccess?

    func may(_ wanted: ControlAccess) -> Bool { access.map { $0 >= wanted } ?? false }

    /// The name, or else the number.
    var text: String { name ?? String(userID) }
}

/// Tells peers apart, and records what they ask for.
struct ControlGate: Sendable {
    let desk: AuditDesk
    private let policy: PeerPolicy
    private let names = AccountNames()
    private let allowance = RefusalAllowance()
    private let clock: WallClock

    init(policy: PeerPolicy, desk: AuditDesk, clock: WallClock) {
        self.policy = policy
        self.desk = desk
        self.clock = clock
    }

    func peer(_ credentials: PeerCredentials, on loop: any EventLoop) async -> ControlPeer {
        let id = credentials.userID
        return ControlPeer(userID: id, name: await names.name(of: id, on: loop), access: policy.access(of: credentials))
    }

    /// A sentence that tells a peer without the right what to do.
    func reason(_ peer: ControlPeer) -> String {
        let isReader = peer.access != nil
        let group = Accounts.groupName(isReader ? policy.adminGroupID ?? policy.socketGroupID : policy.socketGroupID)
        let need = isReader ? "you may look, but not change anything" : "you may not use this fitnessd"
        guard let group, group != "root" else { return "\(need): use sudo" }
        return "\(need): join the group \(group) (sudo usermod -aG \(group) \(peer.name ?? "USER"), then log in again), or use sudo"
    }

    /// Whether a refusal for lack of rights is still to be recorded: asking often must not fill the disk.
    func mayRecord(refusalOf peer: ControlPeer) -> Bool { allowance.take(peer.userID, at: clock.now) }
}

/// Counts recorded refusals by account and minute.
private final class RefusalAllowance: Sendable {
    private static let perMinuteMax = 30
    /// Accounts that are counted at once.
    private static let accountsMax = 1_000

    private struct Minute {
        var number = 0
        var counts: [UInt32: Int] = [:]
    }

    private let minute = Mutex(Minute())

    func take(_ user: UInt32, at now: Date) -> Bool {
        let number = Int(now.timeIntervalSince1970 / 60)
        return minute.withLock { minute in
            if minute.number != number { minute = Minute(number: number) }
            guard minute.counts.count < Self.accountsMax || minute.counts[user] != nil else { return false }
            minute.counts[user, default: 0] += 1
            return minute.counts[user, default: 0] <= Self.perMinuteMax
        }
    }
}

/// Names of accounts, remembered for a minute. A look-up may ask a directory service: it blocks none of our threads, and is waited for a second.
private final class AccountNames: Sendable {
    private static let waitMax = TimeAmount.seconds(1)
    private static let kept: Duration = .seconds(60)
    private static let countMax = 1_000

    private let known = Mutex<[UInt32: (name: String?, until: ContinuousClock.Instant)]>([:])

    func name(of id: UInt32, on loop: any EventLoop) async -> String? {
        let now = ContinuousClock.now
        if let entry = known.withLock({ $0[id] }), entry.until > now { return entry.name }
        // The first of the two that fulfils it counts.
        let promise = loop.makePromise(of: String??.self)
        let limit = loop.scheduleTask(in: Self.waitMax) { promise.succeed(.none) }
        NIOThreadPool.singleton.submit { _ in promise.succeed(.some(Accounts.userName(id))) }
        let found = try? await promise.futureResult.get()
        limit.cancel()
        guard case .some(.some(let name)) = found else { return nil }
        known.withLock { known in
            if known.count >= Self.countMax { known = [:] }
            known[id] = (name, now + Self.kept)
        }
        return name
    }
}
