import Core
import Streams
import Synchronization

/// Answers that are about to be committed, kept in memory so that the silver runner need not read them from bronze.
///
/// Bounded: when it is full the oldest entry is dropped, which costs one read. A runner takes an entry only if its hash is the one in
/// bronze.
public final class SilverFeed: Sendable {
    /// About 300 activities of 1,800 points with all streams.
    public static let bytesMaxDefault = 64 << 20

    enum Content: Sendable {
        case document([UInt8])
        case streams(DecodedStreams)

        var bytes: Int {
            switch self {
            case .document(let body): body.count
            case .streams(let streams): streams.bytes
            }
        }
    }

    fileprivate struct Entry {
        let sha256: [UInt8]
        let content: Content
        let serial: UInt64
    }

    fileprivate struct State {
        var entries: [AnswerKey: Entry] = [:]
        /// Keys in the order of arrival; one whose serial is not that of its entry is outdated.
        var order: [(key: AnswerKey, serial: UInt64)] = []
        var first = 0
        var bytes = 0
        var serial: UInt64 = 0
    }

    private let bytesMax: Int
    private let state = Mutex(State())

    /// - Parameter bytesMax: memory for answers and arrays, in bytes.
    public init(bytesMax: Int = SilverFeed.bytesMaxDefault) { self.bytesMax = bytesMax }

    func offer(_ landed: [PreparedAnswer]) {
        state.withLock { state in
            for answer in landed {
                guard let content = Self.content(of: answer), content.bytes <= bytesMax else { continue }
                state.put(answer.key, sha256: answer.sha256, content)
                while state.bytes > bytesMax { state.forgetOldest() }
            }
        }
    }

    /// Removes and returns the content of this version of the answer; nil when it was dropped or is of another version.
    func take(_ key: AnswerKey, sha256: [UInt8]) -> Content? {
        state.withLock { state in
            guard let entry = state.remove(key), entry.sha256 == sha256 else { return nil }
            return entry.content
        }
    }

    /// Whose answers it holds.
    public var athletes: Set<AthleteID> { state.withLock { Set($0.entries.keys.map(\.athleteID)) } }

    /// Drops everything of these athletes.
    public func forget(_ athletes: Set<AthleteID>) {
        state.withLock { state in
            for key in state.entries.keys where athletes.contains(key.athleteID) { _ = state.remove(key) }
        }
    }

    /// Places in the order of arrival: at most about twice as many as entries.
    var placeCount: Int { state.withLock { $0.order.count } }

    /// Memory that it holds, in bytes.
    public var bytes: Int { state.withLock { $0.bytes } }

    private static func content(of answer: PreparedAnswer) -> Content? {
        // The SQL files read these from bronze.
        if [.athleteZones, .activityZones, .gear, .athleteStats].contains(answer.answer.endpoint) { return nil }
        switch answer.streams {
        case .success(let streams): return .streams(streams)
        case .failure: return nil
        case nil: return .document(answer.answer.body)
        }
    }
}

extension SilverFeed.State {
    mutating func put(_ key: AnswerKey, sha256: [UInt8], _ content: SilverFeed.Content) {
        _ = remove(key)
        serial += 1
        entries[key] = SilverFeed.Entry(sha256: sha256, content: content, serial: serial)
        order.append((key, serial))
        bytes += content.bytes
        // An entry that nobody takes stays at the front, so outdated keys behind it are removed here.
        if order.count > 64, order.count > 2 * entries.count {
            order = order[first...].filter { entries[$0.key]?.serial == $0.serial }
            first = 0
        }
    }

    mutating func remove(_ key: AnswerKey) -> SilverFeed.Entry? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        bytes -= entry.content.bytes
        compact()
        return entry
    }

    mutating func forgetOldest() {
        let (key, serial) = order[first]
        first += 1
        if entries[key]?.serial == serial { _ = remove(key) }
    }

    /// Skips outdated keys at the front, and shortens the list when half of it is outdated.
    private mutating func compact() {
        while first < order.count, entries[order[first].key]?.serial != order[first].serial { first += 1 }
        if first > 64, first * 2 > order.count {
            order.removeFirst(first)
            first = 0
        }
    }
}
