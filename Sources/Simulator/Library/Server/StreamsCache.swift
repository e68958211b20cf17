import Core
import Synchronization

/// Bodies of streams answers, so that asking again costs nothing; the oldest go when 64 MB are full.
final class StreamsCache: Sendable {
    struct Key: Hashable, Sendable {
        let id: ActivityID
        let version: Int
        let keys: [String]?
        let isKeyed: Bool
    }

    private struct State {
        var bodies: [Key: [UInt8]] = [:]
        var order: [Key] = []
        var bytes = 0
    }

    private static let bytesMax = 64 << 20
    private let state = Mutex(State())

    func body(_ key: Key, make: () -> [UInt8]) -> [UInt8] {
        if let body = state.withLock({ $0.bodies[key] }) { return body }
        let body = make()
        state.withLock { state in
            guard state.bodies.updateValue(body, forKey: key) == nil else { return }
            state.order.append(key)
            state.bytes += body.count
            guard state.bytes > Self.bytesMax else { return }
            let half = state.order.count / 2
            for old in state.order.prefix(half) { state.bytes -= state.bodies.removeValue(forKey: old)?.count ?? 0 }
            state.order.removeFirst(half)
        }
        return body
    }
}
