import ControlAPI
import Core
import Foundation
import StravaAPI

/// One checked line of an import: an athlete with its grant, or a new uid for a known athlete.
struct ImportLine: Sendable {
    let athlete: AthleteID
    let uid: UID?
    /// Nil only if there is a uid.
    let grant: TokenGrant?

    /// Reads one line. Throws `ImportFault`.
    init(_ bytes: [UInt8]) throws {
        guard let values = try? JSONDecoder().decode([String: ImportValue].self, from: Data(bytes)) else {
            throw ImportFault("not a JSON object")
        }
        let fields = ImportFields(values)
        athlete = AthleteID(try fields.athleteID())
        uid = try fields.uid()
        grant =
            uid == nil || fields.hasGrant
            ? TokenGrant(
                accessToken: try fields.token("access_token"), refreshToken: try fields.token("refresh_token"),
                expiresAt: try fields.time("expires_at"), athleteID: athlete, scope: try fields.scope()) : nil
    }
}

/// Why a line is rejected. The sentence names fields and never contains a value.
struct ImportFault: Error, Sendable, Equatable {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

/// The fields of an import line, checked for type and bounds.
private struct ImportFields {
    private static let tokenBytesMax = 1_024
    private static let scopesMax = 32
    /// 2100-01-01: a later time is in milliseconds by mistake.
    private static let epochMax_s = 4_102_444_800.0

    private let values: [String: ImportValue]

    init(_ values: [String: ImportValue]) { self.values = values.filter { $0.value != .null } }

    /// A positive number, or its text.
    func athleteID() throws -> Int64 {
        switch try required("athlete_id") {
        case .integer(let number) where number > 0: return number
        case .text(let text): if let number = Int64(text), number > 0 { return number }
        default: break
        }
        throw ImportFault("athlete_id must be Strava's number of the athlete")
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

    /// Seconds since 1970 as a number or its text, or an ISO-8601 time.
    func time(_ name: String) throws -> Date {
        let seconds: Double?
        switch try required(name) {
        case .integer(let whole): seconds = Double(whole)
        case .number(let number): seconds = number
        case .text(let text): seconds = ControlTime.date(text)?.timeIntervalSince1970 ?? Double(text)
        default: seconds = nil
        }
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
    /// A boolean or an object, which no field accepts.
    case other

    init(from decoder: any Decoder) throws {
        if var list = try? decoder.unkeyedContainer() {
            var values: [ImportValue] = []
            while !list.isAtEnd { values.append(try list.decode(ImportValue.self)) }
            self = .list(values)
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
