import Core
import Streams

/// A row of `metrics.metrics`: what was landed, one for each object, and for a streams answer one for each stream in it.
struct LandingMetric: Sendable {
    let athleteID: AthleteID
    let activityID: Int64?
    let stream: String
    let records: Int32
    let status: String

    static func rows(for landed: PreparedAnswer) -> [LandingMetric] {
        func row(_ stream: String, _ records: Int, _ status: String = "SUCCESS") -> LandingMetric {
            let activity = landed.answer.endpoint.isOfActivity ? landed.answer.objectID : nil
            return LandingMetric(
                athleteID: landed.key.athleteID, activityID: activity, stream: stream, records: Int32(clamping: records), status: status)
        }
        switch landed.streams {
        case nil: return [row(landed.answer.endpoint.metricsName, 1)]
        case .failure: return [row(landed.answer.endpoint.metricsName, 0, "FAILURE")]
        case .success(let streams):
            let present = StreamColumn.allCases.filter { $0 != .longitude && streams.has($0) }
            return present.isEmpty ? [row("streams", 0)] : present.map { row($0.stravaName, streams.count) }
        }
    }
}
