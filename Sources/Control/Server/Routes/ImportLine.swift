import ControlAPI
import Core
import Foundation
import StravaAPI
import Vault

/// One checked line of an import: an athlete with its grant, or a new uid for a known athlete.
struct ImportLine: Sendable {
    let athlete: AthleteID
    let uid: UID?
    /// Nil only if there is a uid.
    let grant: TokenGrant?

    /// Reads one line. Throws `ImportFault`.
    init(_ bytes: [UInt8]) throws {
        let fields = try ImportFields(bytes)
        if fields.isPredecessors { throw ImportFault("a document of the predecessor: give --predecessor-key-file") }
        athlete = AthleteID(try fields.athleteID("athlete_id"))
        uid = try fields.uid()
        grant =
            uid == nil || fields.hasGrant
            ? TokenGrant(
                accessToken: try fields.token("access_token"), refreshToken: try fields.token("refresh_token"),
                expiresAt: try fields.time("expires_at"), athleteID: athlete, scope: try fields.scope()) : nil
    }

    /// Reads one document of the predecessor's. Throws `ImportFault`.
    ///
    /// - Parameter key: opens its tokens.
    init(predecessor bytes: [UInt8], _ key: PredecessorKey) throws {
        let fields = try ImportFields(bytes)
        athlete = AthleteID(try fields.object("athlete").athleteID("id", calledAs: "athlete.id"))
        uid = try fields.uid()
        let (expiresAt, scope) = (try fields.anyTime("expiresAt"), try fields.scope())
        let (access, refresh) = (try fields.sealed("accessToken"), try fields.sealed("refreshToken"))
        guard let access = key.open(access), let refresh = key.open(refresh) else { throw ImportFault.wrongKey }
        grant = TokenGrant(accessToken: access, refreshToken: refresh, expiresAt: expiresAt, athleteID: athlete, scope: scope)
    }
}

/// Why a line is rejected. The sentence names fields and never contains a value.
struct ImportFault: Error, Sendable, Equatable {
    let reason: String
    init(_ reason: String) { self.reason = reason }

    static let wrongKey = ImportFault("the key does not open its tokens")
}

/// The fields of an import line, checked for type and bounds.
private struct ImportFields {
    private static let tokenBytesMax = 1_024
    private static let scopesMax = 32
    /// 2100-01-01: a later time is in milliseconds.
    private static let epochMax_s = 4_102_444_800.0

    private let values: [String: ImportValue]

    init(_ bytes: [UInt8]) throws {
        guard let values = try? JSONDecoder().decode([String: ImportValue].self, from: Data(bytes)) else {
            throw ImportFault("not a JSON object")
        }
        self.init(values)
    }

    private init(_ values: [String: ImportValue]) { self.values = values.filter { $0.value != .null } }

    /// Whether it is one of the predecessor's documents, whose tokens are sealed.
    var isPredecessors: Bool { values["accessToken"] != nil && values["access_token"] == nil }

    /// The fields of an object in a field.
    func object(_ name: String) throws -> ImportFields {
        guard case .object(let values) = try required(name) else { throw ImportFault("\(name) must be an object") }
        return ImportFields(values)
    }

    /// A positive number, or its text.
    func athleteID(_ name: String, calledAs shown: String? = nil) throws -> Int64 {
        let shown = shown ?? name
        guard let value = values[name] else { throw ImportFault("\(shown) is missing") }
        switch value {
        case .integer(let number) where number > 0: return number
        case .text(let text): if let number = Int64(text), number > 0 { return number }
        default: break
        }
        throw ImportFault("\(shown) must be Strava's number of the athlete")
    }

    func uid() throws -> UID? {
        guard let value = values["uid"] else { return nil }
        guard case .text(let text) = value, let uid = UID(text) else { throw ImportFault(UID.rule) }
        return uid
    }

    /// Whether the line has any field of a grant; if not, it only sets the uid.
    var hasGrant: Bool { ["access_token", "refresh_token", "expires_at", "scope"].contains { values[$0] != nil } }

    func token(_ name: String) throws -> Secret {
        let value = try required(name)
        let isVisible = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
        guard case .text(let text) = value, !text.isEmpty, text.utf8.count <= Self.tokenBytesMax, isVisible(text) else {
            throw ImportFault("\(name) must be a text of 1 to \(Self.tokenBytesMax) visible ASCII characters")
        }
        return Secret(text)
    }

    /// A token as the predecessor sealed it.
    func sealed(_ name: String) throws -> String {
        guard case .text(let text) = try required(name), PredecessorKey.isSealed(text) else {
            throw ImportFault("\(name) must be base64(iv):base64(ciphertext)")
        }
        return text
    }

    /// Seconds or milliseconds since 1970 as a number or its text, an ISO-8601 time, or a Firestore timestamp as an object with `_seconds` or
    /// `seconds`.
    func anyTime(_ name: String) throws -> Date {
        let value = try required(name)
        let number: Double?
        switch value {
        case .object(let parts): number = (parts["_seconds"] ?? parts["seconds"])?.number
        case .text(let text): number = Self.isoTime(text)?.timeIntervalSince1970 ?? value.number
        default: number = value.number
        }
        guard let number, (0...1_000 * Self.epochMax_s).contains(number) else {
            throw ImportFault("\(name) must be a time: ISO-8601, seconds or milliseconds since 1970, or {\"_seconds\": …}")
        }
        return Date(timeIntervalSince1970: number > Self.epochMax_s ? number / 1_000 : number)
    }

    /// ISO-8601 with any fraction and any offset; without an offset, UTC.
    private static func isoTime(_ text: String) -> Date? {
        let form = #/(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(?:[Zz]|([+-])(\d{2}):?(\d{2}))?/#
        guard let parts = text.wholeMatch(of: form), let whole = ControlTime.date("\(parts.1)T\(parts.2)Z") else { return nil }
        let fraction_s = parts.3.flatMap { Double("0\($0)") } ?? 0
        let offset_s = (parts.5.flatMap { Double($0) } ?? 0) * 3_600 + (parts.6.flatMap { Double($0) } ?? 0) * 60
        return whole.addingTimeInterval(fraction_s - (parts.4 == "-" ? -offset_s : offset_s))
    }

    /// Seconds since 1970 as a number or its text, or an ISO-8601 time.
    func time(_ name: String) throws -> Date {
        let value = try required(name)
        var seconds = value.number
        if case .text(let text) = value { seconds = ControlTime.date(text)?.timeIntervalSince1970 ?? seconds }
        guard let seconds, (0...Self.epochMax_s).contains(seconds) else {
            throw ImportFault("\(name) must be seconds since 1970 or an ISO-8601 time in UTC")
        }
        return Date(timeIntervalSince1970: seconds)
    }

    /// Names separated by commas or spaces, or an array of names; without duplicates, in their order.
    func scope() throws -> [String] {
        let texts: [String?]
        switch try required("scope") {
        case .text(let text): texts = [text]
        case .list(let list): texts = list.map { if case .text(let text) = $0 { text } else { nil } }
        default: texts = [nil]
        }
        let names = texts.flatMap { ($0 ?? "?").split { $0 == "," || $0 == " " } }.map(String.init)
        guard !names.isEmpty, names.count <= Self.scopesMax, names.allSatisfy(Self.isScopeName) else {
            throw ImportFault("scope must name what the athlete granted, for example \"read,activity:read_all\"")
        }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private func required(_ name: String) throws -> ImportValue {
        guard let value = values[name] else { throw ImportFault("\(name) is missing") }
        return value
    }

    private static func isScopeName(_ name: String) -> Bool {
        name.utf8.count <= 64 && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") }
    }
}

/// A JSON value, as far as the fields of an import line need it.
private enum ImportValue: Decodable, Sendable, Equatable {
    case null
    case integer(Int64)
    case number(Double)
    case text(String)
    case list([ImportValue])
    case object([String: ImportValue])
    /// A boolean, which no field accepts.
    case other

    /// A number, or a text that is one.
    var number: Double? {
        switch self {
        case .integer(let whole): Double(whole)
        case .number(let number): number
        case .text(let text): Double(text)
        default: nil
        }
    }

    init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            var values: [ImportValue] = []
            while !list.isAtEnd { values.append(try list.decode(ImportValue.self)) }
            self = .list(values)
            return
        }
        if let values = try? decoder.singleValueContainer().decode([String: ImportValue].self) {
            self = .object(values)
            return
        }
        guard let value = try? decoder.singleValueContainer() else {
            self = .other
            return
        }
        if value.decodeNil() {
            self = .null
        } else if (try? value.decode(Bool.self)) != nil {
            self = .other
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else {
            self = (try? value.decode(String.self)).map { .text($0) } ?? .other
        }
    }
}
