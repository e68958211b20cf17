import Core
import HTTPTransport
import JWTKit
import Logging

/// The issuer's public keys, fetched when they are needed and kept as long as the issuer's answer says.
///
/// At most one fetch is under way, and callers who need it wait for it. An unknown key, which anybody can make up, and an issuer that does not
/// answer cause no more than one fetch in `pause_s` or `retryPause_s`.
actor IssuerKeys {
    /// Seconds between two fetches because of an unknown key.
    static let pause_s = 60.0
    /// Seconds between two fetches while the issuer does not answer.
    static let retryPause_s = 10.0
    /// While the issuer does not answer, its last keys are used for so many seconds after their end.
    static let grace_s = 86_400.0

    private static let timeout = Duration.seconds(5)
    private static let bodyBytesMax = 256 << 10

    private struct Known: Sendable {
        let set: PublicKeySet
        let freshUntil_s: Double
    }

    private let url: String
    private let http: HTTPClient
    private let clock: WallClock
    private let logger: Logger
    private let outage = Outage("the keys of ID tokens can't be fetched", over: "the keys of ID tokens can be fetched again")

    private var known: Known?
    private var lastFetch: (at_s: Double, hasFailed: Bool)?
    private var fetching: Task<Void, Never>?

    init(url: String, http: HTTPClient, clock: WallClock, logger: Logger) {
        self.url = url
        self.http = http
        self.clock = clock
        self.logger = logger
    }

    /// The key with this id; nil: the issuer has none.
    ///
    /// - Throws: `IdentityError.unavailable` when the issuer's keys are not known and can't be fetched.
    func key(_ id: String) async throws(IdentityError) -> JWTKeyCollection? {
        if !isFresh || known?.set.keys[id] == nil { await fetchIfAllowed() }
        guard let known, clock.uptime_s < known.freshUntil_s + Self.grace_s else { throw .unavailable }
        if let key = known.set.keys[id] { return key }
        // It may be a new key, which only the issuer can tell.
        if lastFetch?.hasFailed ?? true { throw .unavailable }
        return nil
    }

    /// For `fitnessd check`: the number of usable keys.
    ///
    /// - Throws: a sentence (`PublicKeyError`) that says why there is none.
    func fetchedCount() async throws -> Int {
        let set = try await answer().set
        return set.keys.count
    }

    private var isFresh: Bool { known.map { clock.uptime_s < $0.freshUntil_s } ?? false }

    private func fetchIfAllowed() async {
        if let fetching { return await fetching.value }
        if let lastFetch {
            let pause_s = lastFetch.hasFailed ? Self.retryPause_s : isFresh ? Self.pause_s : 0
            if clock.uptime_s < lastFetch.at_s + pause_s { return }
        }
        // A task of its own, so that a caller who goes away does not end it for the others.
        let task = Task { await fetch() }
        fetching = task
        await task.value
    }

    private func fetch() async {
        defer { fetching = nil }
        do {
            let (set, lifetime_s) = try await answer()
            known = Known(set: set, freshUntil_s: clock.uptime_s + lifetime_s)
            lastFetch = (clock.uptime_s, false)
            outage.isOver(logger)
        } catch {
            lastFetch = (clock.uptime_s, true)
            // A stop has ended the request.
            if (error as? HTTPTransportError)?.code != .closed, !Task.isCancelled { outage.met(error, logger) }
        }
    }

    private func answer() async throws -> (set: PublicKeySet, lifetime_s: Double) {
        let request = HTTPRequest(
            method: .get, url: url, headers: [("Accept", "application/json")], timeout: Self.timeout, bodyBytesMax: Self.bodyBytesMax)
        let answer = try await http.send(request)
        guard answer.status == 200 else { throw PublicKeyError(description: "the issuer answered with status \(answer.status)") }
        guard let set = await PublicKeySet(answer.body) else {
            throw PublicKeyError(description: "the issuer's answer has no RSA key for RS256")
        }
        return (set, KeyLifetime.seconds(answer.headers))
    }
}

/// Why an issuer's answer has no keys.
struct PublicKeyError: AdvisedError {
    let description: String
    var retryAdvice: RetryAdvice { .retry }
}
