import Core
import Foundation

/// An activity on the work list, whose athlete the transaction holds. Activity 0 stands for the athlete's own objects.
struct SilverWork: Sendable, Hashable {
    let athleteID: AthleteID
    let activityID: Int64
    /// Its rows on the list, one a landing; what lands meanwhile adds another.
    let rows: [Int64]
}

/// An answer in bronze without its body.
struct AnswerHead: Sendable {
    let key: AnswerKey
    let sha256: [UInt8]
    let fetchedAt: Date
}

/// What silver has of an activity: from which answers and by which version its rows were made.
struct SilverState: Sendable {
    let summarySHA256: [UInt8]?
    let detailSHA256: [UInt8]?
    let version: Int16
    let streamsSHA256: [UInt8]?
    let streamsVersion: Int16?
}

/// The version of the decoder and the files of `sql/silver`. Raise it when they would make other rows of the same answers: rows of an
/// older version are made anew at the next start.
enum TransformVersion {
    static let current: Int16 = 6
}

/// One activity of a batch: what bronze and silver have of it, and what follows from that. Pure.
struct ChangedActivity: Sendable {
    let athleteID: AthleteID
    let source: Int16
    let activityID: Int64
    var summary: AnswerHead?
    var detail: AnswerHead?
    var streams: AnswerHead?
    var silver: SilverState?
    var hasTombstone: Bool

    var isGone: Bool { hasTombstone || (summary == nil && detail == nil) }

    var isStale: Bool {
        guard let silver else { return true }
        return silver.summarySHA256 != summary?.sha256 || silver.detailSHA256 != detail?.sha256
            || silver.version != TransformVersion.current
    }

    var lapsAreStale: Bool {
        guard let silver else { return true }
        return silver.detailSHA256 != detail?.sha256 || silver.version != TransformVersion.current
    }

    var streamsAreStale: Bool {
        guard let streams, !isGone else { return false }
        return silver?.streamsSHA256 != streams.sha256 || silver?.streamsVersion != TransformVersion.current
    }

    var detailIsNewer: Bool {
        guard let detail, let summary else { return detail != nil }
        return detail.fetchedAt >= summary.fetchedAt
    }

    /// Answers whose bodies are needed.
    var needed: [AnswerHead] {
        if isGone { return [] }
        return (isStale ? [summary, detail].compactMap(\.self) : []) + (streamsAreStale ? [streams].compactMap(\.self) : [])
    }
}
