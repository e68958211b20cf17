import Foundation

/// What a test wants to appear in an athlete's account: a late upload, a future-dated one, one whose streams are not ready.
public struct NewActivity: Sendable {
    public var startAt: Date
    public var kind: ActivityKind
    public var points: Int
    public var name: String?
    public var visibility: ActivityVisibility
    public var streamsDelay: StreamsDelay?

    public init(
        startAt: Date, kind: ActivityKind = .run, points: Int = 600, name: String? = nil,
        visibility: ActivityVisibility = .everyone, streamsDelay: StreamsDelay? = nil
    ) {
        self.startAt = startAt
        self.kind = kind
        self.points = points
        self.name = name
        self.visibility = visibility
        self.streamsDelay = streamsDelay
    }
}
