import CSimdjson

/// Reads a streams answer, in the form by type or as an array. Pure; needs no knowledge of the activity.
///
/// Unknown streams and keys are passed over; an element that is no number or boolean is a missing point; numbers may be written as
/// integers or fractions. Only what is not JSON, not an object or array, or absurdly long is refused.
enum StreamDecoder {
    /// Points in one stream: 23 days at one a second. The longest recorded file that was seen spans 20 days.
    static let points_max = 2_000_000

    static func decode(_ body: [UInt8]) throws(WarehouseError) -> DecodedStreams {
        var handle: OpaquePointer?
        let status = fsj_streams_read(body, body.count, points_max, &handle)
        guard status == FSJ_OK, let handle else { throw JSONFailure.error(status) }
        defer { fsj_streams_free(handle) }
        let originalSize = fsj_streams_original_size(handle)
        return DecodedStreams(
            series: StreamColumn.allCases.map { series($0, of: handle) },
            originalSize: originalSize < 0 ? nil : Int(originalSize),
            seriesType: text(fsj_streams_series_type(handle)), resolution: text(fsj_streams_resolution(handle)),
            faults: StreamFaults(rawValue: Int(fsj_streams_faults(handle))))
    }

    static func result(of body: [UInt8]) -> Result<DecodedStreams, WarehouseError> {
        do throws(WarehouseError) { return .success(try decode(body)) } catch { return .failure(error) }
    }

    private static func series(_ column: StreamColumn, of handle: OpaquePointer) -> [Double]? {
        var count = 0
        var present: Int32 = 0
        let values = fsj_streams_values(handle, Int32(column.rawValue), &count, &present)
        return present == 0 ? nil : Array(UnsafeBufferPointer(start: values, count: count))
    }

    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? {
        guard let pointer, pointer.pointee != 0 else { return nil }
        return String(cString: pointer)
    }
}

/// What of a streams answer contradicts itself; the bits of the simdjson shim.
struct StreamFaults: OptionSet, Sendable, Equatable {
    let rawValue: Int
    static let form = StreamFaults(rawValue: Int(FSJ_FAULT_FORM))
    static let lengths = StreamFaults(rawValue: Int(FSJ_FAULT_LENGTHS))
}

/// A streams answer, decoded once: whoever fetched it judges it, the landing counts its points, silver stores its arrays.
public struct StreamsAnswer: Sendable {
    public enum Verdict: Sendable, Equatable {
        case good
        /// Streams without a point, or none of them, of whatever size.
        case empty
        case unreadable
        case noStreams
        case lengths
        case form
    }

    let result: Result<DecodedStreams, WarehouseError>

    public init(body: [UInt8]) { result = StreamDecoder.result(of: body) }

    /// Whether this can be the streams of an activity.
    public var verdict: Verdict {
        guard case .success(let streams) = result else { return .unreadable }
        if streams.faults.contains(.form) { return .form }
        guard StreamColumn.allCases.contains(where: streams.has) else { return .noStreams }
        if streams.faults.contains(.lengths) { return .lengths }
        return streams.count == 0 ? .empty : .good
    }
}

/// The shim's answers as errors of the warehouse.
enum JSONFailure {
    static func error(_ status: fsj_status) -> WarehouseError {
        switch status {
        case FSJ_WRONG_SHAPE: WarehouseError(.unreadable, "the answer is JSON of another shape than expected")
        case FSJ_TOO_LONG: WarehouseError(.tooLong, "a stream has more than \(StreamDecoder.points_max) points")
        case FSJ_NO_MEMORY: WarehouseError(.tooLong, "the answer does not fit into memory")
        default: WarehouseError(.unreadable, "the answer is not JSON")
        }
    }
}
