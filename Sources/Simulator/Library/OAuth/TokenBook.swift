import Core
import Foundation

/// Who may do what: grants, codes and their ends. A value; decisions take `now`.
struct TokenBook: Sendable {
    enum AccessCheck: Equatable {
        case valid(AthleteID, StravaScopes)
        /// Issued here once, worth nothing now.
        case dead(AthleteID)
        case unknown
    }

    private struct Grant {
        var generation: UInt32 = 0
        var accessDeadUpTo: UInt32 = 0
        var refreshDeadUpTo: UInt32 = 0
        var isConnected = false
        var scopes: StravaScopes = []
        var access: (text: String, expires_s: UInt32, scopes: StravaScopes)?
    }

    private struct Code {
        let athlete: AthleteID
        let scopes: StravaScopes
        let expires_s: Int64
    }

    /// Access tokens live six hours (docs/strava-api.md 1.3).
    static let lifetime_s = 21_600
    /// Not published by Strava; short.
    private static let codeLifetime_s: Int64 = 600
    /// Codes not exchanged are forgotten when they end; more than this at once are refused by forgetting the first.
    private static let codesMax = 10_000

    private let seed: UInt64
    private var grants: [AthleteID: Grant] = [:]
    private var codes: [String: Code] = [:]
    private var codeCount: UInt64 = 0

    init(seed: UInt64) { self.seed = seed }

    var connected: Int { grants.values.count { $0.isConnected } }
    func isConnected(_ athlete: AthleteID) -> Bool { grants[athlete]?.isConnected ?? false }

    /// What an athlete granted last; nil when not connected.
    func scopes(of athlete: AthleteID) -> StravaScopes? {
        grants[athlete].flatMap { $0.isConnected ? $0.scopes : nil }
    }

    // MARK: Grants

    mutating func issue(_ athlete: AthleteID, _ scopes: StravaScopes, lifetime_s: Int = lifetime_s, now_s: Int64) -> IssuedTokens {
        var grant = grants[athlete] ?? Grant()
        grant.generation += 1
        grant.isConnected = true
        grant.scopes = scopes
        let expires_s = UInt32(clamping: now_s + Int64(lifetime_s))
        let access = token(.access, athlete, scopes, expires_s, grant.generation)
        let refresh = token(.refresh, athlete, scopes, UInt32(clamping: now_s), grant.generation)
        grant.access = (access, expires_s, scopes)
        grants[athlete] = grant
        return IssuedTokens(
            athlete: athlete, scopes: scopes, accessToken: access, refreshToken: refresh,
            expiresAt: Date(epoch_s: Int64(expires_s)))
    }

    func check(access text: String, now_s: Int64) -> AccessCheck {
        guard let token = SimulatedToken(text, seed: seed) else { return .unknown }
        let isDead = token.generation <= grants[token.athlete]?.accessDeadUpTo ?? 0
        guard token.kind == .access, !isDead, Int64(token.time_s) > now_s else { return .dead(token.athlete) }
        return .valid(token.athlete, token.scopes)
    }

    /// Nil when the refresh token is not one, was replaced, or was revoked.
    mutating func refresh(_ text: String, rotation: TokenRotation, now_s: Int64) -> IssuedTokens? {
        guard let token = SimulatedToken(text, seed: seed), token.kind == .refresh else { return nil }
        var grant = grants[token.athlete] ?? Grant()
        guard token.generation > grant.refreshDeadUpTo else { return nil }
        // A token from before a restart: go on counting behind it.
        grant.generation = max(grant.generation, token.generation)
        grant.isConnected = true
        grant.scopes = token.scopes
        grants[token.athlete] = grant
        let access = currentAccess(grant, token, now_s: now_s)
        if let access, rotation != .always { return pair(token, access, refresh: text) }
        let issued = issue(token.athlete, token.scopes, now_s: now_s)
        if access != nil { grants[token.athlete]?.access = grant.access }
        let rotates = rotation != .never
        if rotates { grants[token.athlete]?.refreshDeadUpTo = token.generation }
        return pair(token, access ?? (issued.accessToken, issued.expiresAt), refresh: rotates ? issued.refreshToken : text)
    }

    /// Ends everything an athlete granted: access and refresh tokens die together, those from before a restart too.
    mutating func revoke(_ athlete: AthleteID, seen generation: UInt32 = 0) {
        var grant = grants[athlete] ?? Grant()
        grant.generation = max(grant.generation, generation) + 1000
        grant.accessDeadUpTo = grant.generation
        grant.refreshDeadUpTo = grant.generation
        grant.access = nil
        grant.isConnected = false
        grants[athlete] = grant
    }

    /// Revokes by either token; false for text that is no token of ours.
    mutating func revoke(token text: String) -> AthleteID? {
        guard let token = SimulatedToken(text, seed: seed) else { return nil }
        let dead = grants[token.athlete].map { max($0.accessDeadUpTo, $0.refreshDeadUpTo) } ?? 0
        guard token.generation > dead else { return nil }
        revoke(token.athlete, seen: token.generation)
        return token.athlete
    }

    /// More than an hour left: the same access token again (docs/strava-api.md 1.3).
    private func currentAccess(_ grant: Grant, _ token: SimulatedToken, now_s: Int64) -> (String, Date)? {
        guard let access = grant.access, access.scopes == token.scopes, Int64(access.expires_s) - now_s > 3600 else { return nil }
        return (access.text, Date(epoch_s: Int64(access.expires_s)))
    }

    private func pair(_ token: SimulatedToken, _ access: (text: String, expiresAt: Date), refresh: String) -> IssuedTokens {
        IssuedTokens(
            athlete: token.athlete, scopes: token.scopes, accessToken: access.text, refreshToken: refresh,
            expiresAt: access.expiresAt)
    }

    private func token(
        _ kind: SimulatedToken.Kind, _ athlete: AthleteID, _ scopes: StravaScopes, _ time_s: UInt32, _ generation: UInt32
    ) -> String {
        SimulatedToken(kind: kind, scopes: scopes, athlete: athlete, time_s: time_s, generation: generation).text(seed: seed)
    }

    // MARK: Codes

    mutating func issueCode(_ athlete: AthleteID, _ scopes: StravaScopes, now_s: Int64) -> String {
        codes = codes.filter { $0.value.expires_s > now_s }
        if codes.count >= Self.codesMax, let first = codes.keys.first { codes[first] = nil }
        codeCount += 1
        var random = SplitMix64(seed, codeCount, UInt64(bitPattern: now_s), UInt64(bitPattern: athlete.rawValue))
        let code = SimulatedToken.hex((0..<20).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        codes[code] = Code(athlete: athlete, scopes: scopes, expires_s: now_s + Self.codeLifetime_s)
        return code
    }

    /// A code is good once.
    mutating func redeem(_ text: String, now_s: Int64) -> (athlete: AthleteID, scopes: StravaScopes)? {
        guard let code = codes.removeValue(forKey: text), code.expires_s > now_s else { return nil }
        return (code.athlete, code.scopes)
    }
}
