import Core
import Synchronization

/// How often a caller may ask, and how often a client may present a token that does not hold. In memory: each process counts for itself.
final class RequestLimits: Sendable {
    /// Who is counted.
    enum Key: Hashable, Sendable {
        /// By the token's hash, which is known before the database is asked.
        case apiToken([UInt8])
        case uid(UID)
        /// Refused tokens of a client address.
        case refused(String)
        /// All requests of a client address.
        case client(String)
    }

    /// Requests that may come at once, and how fast that number grows again.
    struct Rate: Sendable {
        let burst: Double
        let perSecond: Double
    }

    /// 120 a minute: a dashboard asks for a dozen answers at once, and again when somebody clicks.
    static let caller = Rate(burst: 120, perSecond: 2)
    /// A person mistypes a few times; a program with a dead token that retries without end is slowed down to one in two seconds.
    static let refused = Rate(burst: 30, perSecond: 0.5)
    /// A client may be the proxy or the application server of many people.
    static let client = Rate(burst: 600, perSecond: 20)
    /// Keys in memory, about 200 bytes each.
    static let keysMax = 20_000

    private struct Bucket {
        var level: Double
        var at_s: Double
    }

    private let buckets = Mutex<[Key: Bucket]>([:])
    private let clock: WallClock
    private let keysMax: Int

    init(clock: WallClock, keysMax: Int = RequestLimits.keysMax) {
        self.clock = clock
        self.keysMax = keysMax
    }

    /// Whole seconds until the key may ask again; nil: it may now. Counts nothing.
    func wait(_ key: Key) -> Int? {
        let now_s = clock.uptime_s
        return buckets.withLock { buckets in
            guard let bucket = buckets[key] else { return nil }
            return Self.wait(Self.level(bucket, Self.rate(key), now_s), Self.rate(key))
        }
    }

    /// Counts one. Returns whole seconds until the key may ask again; nil: it may now.
    func take(_ key: Key) -> Int? {
        let now_s = clock.uptime_s
        let rate = Self.rate(key)
        return buckets.withLock { buckets in
            let level = buckets[key].map { Self.level($0, rate, now_s) } ?? rate.burst
            if let wait = Self.wait(level, rate) { return wait }
            if buckets[key] == nil, buckets.count >= keysMax { Self.makeRoom(in: &buckets, now_s: now_s) }
            buckets[key] = Bucket(level: level - 1, at_s: now_s)
            return nil
        }
    }

    /// Keys in memory.
    var count: Int { buckets.withLock { $0.count } }

    private static func rate(_ key: Key) -> Rate {
        switch key {
        case .apiToken, .uid: caller
        case .refused: refused
        case .client: client
        }
    }

    private static func level(_ bucket: Bucket, _ rate: Rate, _ now_s: Double) -> Double {
        min(rate.burst, bucket.level + max(0, now_s - bucket.at_s) * rate.perSecond)
    }

    private static func wait(_ level: Double, _ rate: Rate) -> Int? {
        level >= 1 ? nil : max(1, Int(((1 - level) / rate.perSecond).rounded(.up)))
    }

    /// Forgets those that are full again, and half of the others, the fullest first, if that is not enough.
    private static func makeRoom(in buckets: inout [Key: Bucket], now_s: Double) {
        let before = buckets.count
        buckets = buckets.filter { level($0.value, rate($0.key), now_s) < rate($0.key).burst }
        guard buckets.count > before / 2 else { return }
        let share = { (key: Key, bucket: Bucket) in level(bucket, rate(key), now_s) / rate(key).burst }
        let emptiest = buckets.sorted { share($0.key, $0.value) < share($1.key, $1.value) }.prefix(before / 2)
        buckets = Dictionary(uniqueKeysWithValues: emptiest.map { ($0.key, $0.value) })
    }
}
