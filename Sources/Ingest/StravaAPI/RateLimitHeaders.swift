import HTTPTransport

/// What an answer's headers say about the application's quota (docs/strava-api.md 2). Streams answers and token answers carry none.
public struct RateLimitHeaders: Sendable, Equatable {
    /// Limit and usage of one bucket, in requests; nil where Strava omitted a number.
    public struct Pair: Sendable, Equatable {
        public let quarterLimit: Int?
        public let dayLimit: Int?
        public let quarterUsage: Int?
        public let dayUsage: Int?

        public init(quarterLimit: Int?, dayLimit: Int?, quarterUsage: Int?, dayUsage: Int?) {
            self.quarterLimit = quarterLimit
            self.dayLimit = dayLimit
            self.quarterUsage = quarterUsage
            self.dayUsage = dayUsage
        }

        /// Nil when there is no number at all.
        init?(limit: String?, usage: String?) {
            let (limits, usages) = (Self.numbers(limit), Self.numbers(usage))
            guard [limits.0, limits.1, usages.0, usages.1].contains(where: { $0 != nil }) else { return nil }
            self.init(quarterLimit: limits.0, dayLimit: limits.1, quarterUsage: usages.0, dayUsage: usages.1)
        }

        /// `"200,2000"`; on calls that are not reads the usage is a lone `","`.
        private static func numbers(_ header: String?) -> (Int?, Int?) {
            let parts = (header ?? "").split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)
                .map { part in number(part.drop(while: \.isWhitespace)) }
            return (parts.first ?? nil, parts.count > 1 ? parts[1] : nil)
        }

        private static func number(_ text: Substring) -> Int? {
            guard let value = Int(text.prefix { !$0.isWhitespace }), (0...Int(Int32.max)).contains(value) else { return nil }
            return value
        }
    }

    /// All requests of the application.
    public let overall: Pair?
    /// Its reads (everything but uploads); nil for applications from before the read bucket.
    public let read: Pair?

    public init(overall: Pair?, read: Pair?) {
        self.overall = overall
        self.read = read
    }

    /// Nil when the headers say nothing about the quota.
    public init?(_ headers: HTTPHeaders) {
        let overall = Pair(limit: headers["X-RateLimit-Limit"], usage: headers["X-RateLimit-Usage"])
        let read = Pair(limit: headers["X-ReadRateLimit-Limit"], usage: headers["X-ReadRateLimit-Usage"])
        if overall == nil && read == nil { return nil }
        self.init(overall: overall, read: read)
    }
}
