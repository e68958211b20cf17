import ControlAPI
import Core
import Foundation

/// The fields of an import line, each checked for type and bounds. A fault names the field and never repeats its value.
struct ImportFields {
    private static let tokenBytesMax = 1_024
    private static let scopesMax = 32
    /// 2100-01-01: beyond it, milliseconds were taken for seconds.
    private static let epochMax_s = 4_102_444_800.0

    private let values: [String: ImportValue]

    init(_ values: [String: ImportValue]) { self.values = values.filter { $0.value != .null } }

    /// A positive number, or the same written as a text.
    func athleteID() throws -> Int64 {
        switch try required("athlete_id") {
        case .integer(let number) where number > 0: return number
        case .text(let text): if let number = Int64(text), number > 0 { return number }
        default: break
        }
        throw ImportLine.Fault("athlete_id must be Strava's number of the athlete")
    }

    func uid() throws -> UID? {
        guard let value = values["uid"] else { return nil }
        guard case .text(let text) = value, let uid = UID(text) else { throw ImportLine.Fault(UID.rule) }
        return uid
    }

    /// Whether the line has anything of a grant: if not, it only says which uid an athlete has.
    var hasGrant: Bool { ["access_token", "refresh_token", "expires_at", "scope"].contains { values[$0] != nil } }

    func token(_ name: String) throws -> Secret {
        let value = try required(name)
        let isVisible = { (text: String) in text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }
        guard case .text(let text) = value, !text.isEmpty, text.utf8.count <= Self.tokenBytesMax, isVisible(text) else {
            throw ImportLine.Fault("\(name) must be a text of 1 to \(Self.tokenBytesMax) visible ASCII characters")
        }
        return Secret(text)
    }

    /// Seconds since 1970, as a number or its text, or an ISO-8601 time.
    func time(_ name: String) throws -> Date {
        let seconds: Double?
        switch try required(name) {
        case .integer(let whole): seconds = Double(whole)
        case .number(let number): seconds = number
        case .text(let text): seconds = ControlTime.date(text)?.timeIntervalSince1970 ?? Double(text)
        default: seconds = nil
        }
        guard let seconds, (0...Self.epochMax_s).contains(seconds) else {
            throw ImportLine.Fault("\(name) must be seconds since 1970 or an ISO-8601 time in UTC")
        }
        return Date(timeIntervalSince1970: seconds)
    }

    /// Names with commas or spaces between them, or an array of names; in order, each once.
    func scope() throws -> [String] {
        let texts: [String?]
        switch try required("scope") {
        case .text(let text): texts = [text]
        case .list(let list): texts = list.map { if case .text(let text) = $0 { text } else { nil } }
        default: texts = [nil]
        }
        let names = texts.flatMap { ($0 ?? "?").split { $0 == "," || $0 == " " } }.map(String.init)
        guard !names.isEmpty, names.count <= Self.scopesMax, names.allSatisfy(Self.isScopeName) else {
            throw ImportLine.Fault("scope must name what the athlete granted, for example \"read,activity:read_all\"")
        }
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private func required(_ name: String) throws -> ImportValue {
        guard let value = values[name] else { throw ImportLine.Fault("\(name) is missing") }
        return value
    }

    private static func isScopeName(_ name: String) -> Bool {
        name.utf8.count <= 64 && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ":") }
    }
}
