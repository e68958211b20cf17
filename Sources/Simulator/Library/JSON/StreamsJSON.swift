import Core
import Synchronization

/// The answer of GET /activities/{id}/streams, written in one pass over whole numbers (docs/strava-api.md 3.4).
struct StreamsJSON {
    private let streams: SimulatedStreams
    private let isKeyed: Bool

    /// - Parameter wanted: the keys of the request; nil or an unknown key gives `distance`, which is sent in any case.
    static func body(_ streams: SimulatedStreams, wanted: [String]?, isKeyed: Bool) -> [UInt8] {
        let writer = StreamsJSON(streams: streams, isKeyed: isKeyed)
        var keys = streams.keys.filter { (wanted ?? []).contains($0) }
        if streams.distance_dm != nil, !keys.contains("distance") { keys.append("distance") }
        var json = JSONWriter(capacity: streams.count * 60 + 1024)
        if isKeyed {
            json.object { for key in keys { writer.write(key, &$0) } }
        } else {
            json.array { for key in keys { writer.write(key, &$0) } }
        }
        return json.bytes
    }

    private func write(_ key: String, _ json: inout JSONWriter) {
        if isKeyed { json.key(key) }
        json.object { json in
            if !isKeyed { json.field("type", key) }
            json.field("data", array: { writeData(key, &$0) })
            json.field("series_type", "distance")
            json.field("original_size", streams.count)
            json.field("resolution", "high")
        }
    }

    private func writeData(_ key: String, _ json: inout JSONWriter) {
        switch key {
        case "time": for value in streams.time { json.int(value) }
        case "moving": for value in streams.moving { json.bool(value) }
        case "velocity_smooth": for value in streams.speed_mmps { json.decimal(value, places: 3) }
        case "distance": for value in streams.distance_dm ?? [] { json.decimal(value, places: 1) }
        case "altitude": for value in streams.altitude_dm ?? [] { json.decimal(value, places: 1) }
        case "grade_smooth": for value in streams.grade_permille ?? [] { json.decimal(value, places: 1) }
        case "heartrate": for value in streams.heartrate ?? [] { json.int(value) }
        case "cadence": for value in streams.cadence ?? [] { json.int(value) }
        case "watts": writeOptional(streams.watts, &json)
        case "temp": writeOptional(streams.temp, &json)
        case "latlng": writePositions(&json)
        default: break
        }
    }

    private func writeOptional(_ values: [Int?]?, _ json: inout JSONWriter) {
        for value in values ?? [] {
            if let value { json.int(value) } else { json.null() }
        }
    }

    private func writePositions(_ json: inout JSONWriter) {
        guard let latitudes = streams.latitude_udeg, let longitudes = streams.longitude_udeg else { return }
        for index in latitudes.indices {
            json.array {
                $0.decimal(latitudes[index], places: 6)
                $0.decimal(longitudes[index], places: 6)
            }
        }
    }
}

/// Bodies of streams answers, so that asking again costs nothing. At 64 MB the older half is removed.
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
