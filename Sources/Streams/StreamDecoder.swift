import CSimdjson
import Core

/// Reads a streams answer, keyed by type or as an array. Pure; needs no knowledge of the activity.
///
/// Unknown streams and keys are skipped; an element that is neither a number nor a boolean is a missing point; numbers may be written as
/// integers or fractions. Only an answer that is not JSON, not an object or array, or absurdly long is refused.
public enum StreamDecoder {
    /// Points in one stream: 23 days at one point a second. The longest recorded file seen so far spans 20 days.
    public static let points_max = 2_000_000

    public static func decode(_ body: [UInt8]) throws(StreamsError) -> DecodedStreams {
        var handle: OpaquePointer?
        let status = fsj_streams_read(body, body.count, points_max, &handle)
        guard status == FSJ_OK, let handle else { throw StreamsError(status) }
        defer { fsj_streams_free(handle) }
        let originalSize = fsj_streams_original_size(handle)
        return DecodedStreams(
            series: StreamColumn.allCases.map { series($0, of: handle) },
            originalSize: originalSize < 0 ? nil : Int(originalSize),
            seriesType: text(fsj_streams_series_type(handle)), resolution: text(fsj_streams_resolution(handle)),
            faults: StreamFaults(rawValue: Int(fsj_streams_faults(handle))))
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

/// A streams answer, decoded once: the sync judges it, the landing counts its points, silver stores its arrays.
public struct StreamsAnswer: Sendable {
    public enum Condition: Sendable, Equatable {
        case good
        /// No stream has a point.
        case empty
        case unreadable
        case noStreams
        case lengths
        case form
    }

    public let result: Result<DecodedStreams, StreamsError>

    public init(body: [UInt8]) {
        do throws(StreamsError) { result = .success(try StreamDecoder.decode(body)) } catch { result = .failure(error) }
    }

    /// Whether this can be the streams of an activity.
    public var condition: Condition {
        guard case .success(let streams) = result else { return .unreadable }
        if streams.faults.contains(.form) { return .form }
        guard StreamColumn.allCases.contains(where: streams.has) else { return .noStreams }
        if streams.faults.contains(.lengths) { return .lengths }
        return streams.count == 0 ? .empty : .good
    }
}

/// Why a streams answer can't be decoded. The sentence holds no value of the answer.
public struct StreamsError: AdvisedError, CodedError {
    public enum Code: String, Sendable {
        /// Not JSON, or not of the expected shape.
        case unreadable
        /// A stream has more points than any activity can have.
        case tooLong = "too_long"
    }

    public let code: Code
    public let message: String

    public var description: String { "streams \(code.rawValue): \(message)" }
    public var retryAdvice: RetryAdvice { .never }

    fileprivate init(_ status: fsj_status) {
        (code, message) =
            switch status {
            case FSJ_WRONG_SHAPE: (.unreadable, "the answer is JSON of another shape than expected")
            case FSJ_TOO_LONG: (.tooLong, "a stream has more than \(StreamDecoder.points_max) points")
            case FSJ_NO_MEMORY: (.tooLong, "the answer does not fit into memory")
            default: (.unreadable, "the answer is not JSON")
            }
    }
}
