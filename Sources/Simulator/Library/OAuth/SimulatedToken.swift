import Core

/// A token that says by itself whom it belongs to, so that tokens outlive a restart of the simulator: 40 hex digits like
/// Strava's.
///
/// Twenty bytes: kind, scopes, athlete (6), time (4), generation (4), check (4), the first sixteen masked. Not a secret worth
/// keeping.
struct SimulatedToken: Sendable, Equatable {
    enum Kind: UInt8, Sendable { case access = 0xA5, refresh = 0x5E }

    let kind: Kind
    let scopes: StravaScopes
    let athlete: AthleteID
    /// When an access token ends, or when a refresh token was issued: seconds since 1970.
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

    /// Nil for anything that this simulator (this seed) never issued.
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
