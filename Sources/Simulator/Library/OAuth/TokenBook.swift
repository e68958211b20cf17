import Core
import Foundation

/// The grants: codes, tokens, and how they end. A value; `now` is a parameter.
struct TokenBook: Sendable {
    enum AccessCheck: Equatable {
        case valid(AthleteID, StravaScopes)
        /// Issued here, but no longer valid.
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
    /// Strava does not publish it.
    private static let codeLifetime_s: Int64 = 600
    /// Codes kept for exchange; beyond this one of them is forgotten.
    private static let codesMax = 10_000

    private let seed: UInt64
    private var grants: [AthleteID: Grant] = [:]
    private var codes: [String: Code] = [:]
    private var codeCount: UInt64 = 0

    init(seed: UInt64) { self.seed = seed }

    var connected: Int { grants.values.count { $0.isConnected } }
    func isConnected(_ athlete: AthleteID) -> Bool { grants[athlete]?.isConnected ?? false }

    /// The scopes that an athlete granted last; nil when not connected.
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
        // A token from before a restart: continue the count from there.
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

    /// Revokes by either token; nil for a text that is not a live token of this simulator.
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

    /// A code can be redeemed once.
    mutating func redeem(_ text: String, now_s: Int64) -> (athlete: AthleteID, scopes: StravaScopes)? {
        guard let code = codes.removeValue(forKey: text), code.expires_s > now_s else { return nil }
        return (code.athlete, code.scopes)
    }
}

/// A pair of tokens, as a token answer carries them.
public struct IssuedTokens: Sendable {
    public let athlete: AthleteID
    public let scopes: StravaScopes
    public let accessToken: String
    public let refreshToken: String
    /// When the access token expires.
    public let expiresAt: Date
}

extension IssuedTokens {
    /// A line of the file that `fitnessctl athletes import` reads.
    public func importLine(uid: String) -> String {
        let bytes = JSONWriter.object { json in
            json.field("uid", uid)
            json.field("athlete_id", athlete.rawValue)
            json.field("access_token", accessToken)
            json.field("refresh_token", refreshToken)
            json.field("expires_at", expiresAt.epoch_s)
            json.field("scope", scopes.text)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A token that holds its own facts, so that it survives a restart of the simulator: 40 hex digits, like Strava's.
///
/// Twenty bytes: kind, scopes, athlete (6), time (4), generation (4), check (4); the first sixteen are masked. It protects nothing.
struct SimulatedToken {
    enum Kind: UInt8, Sendable { case access = 0xA5, refresh = 0x5E }

    let kind: Kind
    let scopes: StravaScopes
    let athlete: AthleteID
    /// When an access token expires, or when a refresh token was issued: seconds since 1970.
    let time_s: UInt32
    /// Counts the grants of this athlete.
    let generation: UInt32

    func text(seed: UInt64) -> String {
        var bytes = [kind.rawValue, scopes.rawValue]
        bytes += Self.bytes(UInt64(bitPattern: athlete.rawValue), 6)
        bytes += Self.bytes(UInt64(time_s), 4) + Self.bytes(UInt64(generation), 4)
        let check = Self.check(bytes, seed: seed)
        return Self.hex(Self.masked(bytes, check: check, seed: seed) + Self.bytes(UInt64(check), 4))
    }

    init(kind: Kind, scopes: StravaScopes, athlete: AthleteID, time_s: UInt32, generation: UInt32) {
        self.kind = kind
        self.scopes = scopes
        self.athlete = athlete
        self.time_s = time_s
        self.generation = generation
    }

    /// Nil for a text that was not issued under this seed.
    init?(_ text: String, seed: UInt64) {
        guard let bytes = Self.unhex(text), bytes.count == 20 else { return nil }
        let check = UInt32(truncatingIfNeeded: Self.number(bytes[16..<20]))
        let plain = Self.masked(Array(bytes[0..<16]), check: check, seed: seed)
        guard Self.check(plain, seed: seed) == check, let kind = Kind(rawValue: plain[0]) else { return nil }
        self.kind = kind
        scopes = StravaScopes(rawValue: plain[1])
        athlete = AthleteID(Int64(bitPattern: Self.number(plain[2..<8])))
        time_s = UInt32(truncatingIfNeeded: Self.number(plain[8..<12]))
        generation = UInt32(truncatingIfNeeded: Self.number(plain[12..<16]))
    }

    private static func check(_ bytes: [UInt8], seed: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: bytes.reduce(SplitMix64.mix(seed)) { SplitMix64.mix($0 ^ UInt64($1)) })
    }

    private static func masked(_ bytes: [UInt8], check: UInt32, seed: UInt64) -> [UInt8] {
        var mask = SplitMix64(seed, UInt64(check), 77)
        return bytes.map { $0 ^ UInt8(truncatingIfNeeded: mask.next()) }
    }

    private static func bytes(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func unhex(_ text: String) -> [UInt8]? {
        let digits = text.utf8.map { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == 40, !digits.contains(nil) else { return nil }
        return stride(from: 0, to: 40, by: 2).map { UInt8(digits[$0]! << 4 | digits[$0 + 1]!) }
    }
}
