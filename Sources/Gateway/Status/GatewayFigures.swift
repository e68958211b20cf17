import Foundation
import Governor
import StravaAPI
import Sync

/// The figures that the gateway shows. Counts only: no name, no athlete, no position.
public struct GatewayFigures: Sendable, Equatable {
    /// One window of one bucket of Strava's quota.
    public struct Quota: Sendable, Equatable {
        public enum Bucket: String, Sendable { case overall, read }
        public enum Window: String, Sendable { case quarterHour = "quarter_hour", day }

        public let bucket: Bucket
        public let window: Window
        public let used: Int
        public let limit: Int

        public init(bucket: Bucket, window: Window, used: Int, limit: Int) {
            self.bucket = bucket
            self.window = window
            self.used = used
            self.limit = limit
        }
    }

    /// Calls to one endpoint that ended one way, since the process began.
    public struct Requests: Sendable, Equatable {
        /// `StravaCall.endpointName`.
        public let endpoint: String
        /// The HTTP status as text, or a short code when there was no answer.
        public let status: String
        public let count: Int

        public init(endpoint: String, status: String, count: Int) {
            self.endpoint = endpoint
            self.status = status
            self.count = count
        }
    }

    /// Athletes by the values of `sync.athlete.state`.
    public var athleteCountByState: [String: Int]
    public var requests: [Requests]
    public var quotas: [Quota]
    /// Activities whose silver is older than their bronze.
    public var transformBacklogCount: Int
    /// Everything that is tried for silver fails: an incident is open.
    public var isSilverStopped = false
    public var version: String
    public var startedAt: Date?

    /// - Parameters:
    ///   - quota: the governor's windows.
    ///   - calls: calls to Strava since the process began.
    public init(
        _ status: StatusFigures, quota: [WindowSnapshot] = [], calls: [CallTally.Kind: Int] = [:], isSilverStopped: Bool = false,
        version: String = "", startedAt: Date? = nil
    ) {
        athleteCountByState = status.athletesByState
        transformBacklogCount = status.backlogCount
        quotas = quota.map { Quota(bucket: .overall, window: $0.span == .quarter ? .quarterHour : .day, used: $0.used, limit: $0.limit) }
        requests = calls.map { kind, count in
            Requests(endpoint: kind.endpoint, status: kind.status.map { "\($0)" } ?? "none", count: count)
        }
        .sorted { ($0.endpoint, $0.status) < ($1.endpoint, $1.status) }
        self.isSilverStopped = isSilverStopped
        self.version = version
        self.startedAt = startedAt
    }

    init(
        athleteCountByState: [String: Int] = [:], requests: [Requests] = [], quotas: [Quota] = [], transformBacklogCount: Int = 0,
        version: String = "", startedAt: Date? = nil
    ) {
        self.athleteCountByState = athleteCountByState
        self.requests = requests
        self.quotas = quotas
        self.transformBacklogCount = transformBacklogCount
        self.version = version
        self.startedAt = startedAt
    }
}
