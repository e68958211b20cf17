import ControlAPI
import Core
import Foundation
import Hummingbird
import NIOCore
import Sync

/// What a request for a change says of itself to the audit: whom it is about, and those of its parameters that are named here. Others, secrets
/// among them, are never recorded.
struct AuditParameters: Sendable {
    /// Numbers, switches and words of closed lists, which can't name a person: they stay when an athlete is erased.
    private static let lasting: Set<String> = [
        "full", "only", "streams", "for_s", "dry_run", "days", "scopes", "foreign", "replace",
    ]
    /// What may say something about the athlete, and goes with them.
    private static let ofAthlete: Set<String> = ["reason", "metric", "sport", "valid_from", "value", "endpoint", "object_id", "id"]

    private static let textCharactersMax = 500
    private static let wordCharactersMax = 32
    private static let listCountMax = 20

    let subject: AuditEntry.Subject?
    /// JSON objects.
    let lastingJSON: String
    let athleteJSON: String

    /// Reads path, query and, unless it is a stream, the body, which `request` keeps for the handler.
    static func read(_ route: ControlRoute, _ request: inout Request, _ context: ControlContext) async throws -> AuditParameters {
        var values: [String: AuditValue] = [:]
        for (name, text) in request.uri.queryParameters { values[String(name)] = value(String(text)) }
        if !route.takesStream {
            let body = try await RequestReading.body(&request)
            for (name, value) in Self.members(of: body) { values[name] = value }
        }
        return AuditParameters(values, athlete: route.isAboutOneAthlete ? try? RequestReading.athlete(context) : nil)
    }

    /// Of a request that is refused before its body is read.
    init(_ route: ControlRoute, path: String) {
        let athlete = route.isAboutOneAthlete ? path.split(separator: "/").compactMap { Int64($0) }.first : nil
        self.init([:], athlete: athlete)
    }

    /// - Parameter athlete: the one that the path names.
    init(_ values: [String: AuditValue], athlete: Int64?) {
        subject = Self.subject(values, athlete)
        lastingJSON = Self.json(values.filter { Self.lasting.contains($0.key) }.compactMapValues(Self.word))
        athleteJSON = Self.json(values.filter { Self.ofAthlete.contains($0.key) }.mapValues(Self.cleaned))
    }

    private static func subject(_ values: [String: AuditValue], _ athlete: Int64?) -> AuditEntry.Subject? {
        if let athlete { return .athlete(AthleteID(athlete)) }
        if case .whole(let id)? = values["athlete_id"] { return .athlete(AthleteID(id)) }
        if case .text(let text)? = values["uid"], let uid = UID(text) { return .uid(uid) }
        if case .whole(let id)? = values["id"] { return .token(id) }
        return nil
    }

    // MARK: Values

    /// The members of a JSON object that have a simple value.
    private static func members(of body: [UInt8]) -> [String: AuditValue] {
        let members = try? ControlJSON.decode([String: SimpleValue].self, from: body)
        return (members ?? [:]).compactMapValues(\.value)
    }

    private struct SimpleValue: Decodable {
        let value: AuditValue?

        init(from decoder: any Decoder) throws { value = try? AuditValue(from: decoder) }
    }

    private static func value(_ text: String) -> AuditValue {
        Bool(text).map { .flag($0) } ?? Int64(text).map { .whole($0) } ?? .text(text)
    }

    /// A value that can't name a person; nil: it is another.
    private static func word(_ value: AuditValue) -> AuditValue? {
        switch value {
        case .flag, .whole, .number: value
        case .text(let text): isWord(text) ? value : nil
        case .list(let texts): .list(texts.prefix(listCountMax).filter(isWord))
        }
    }

    private static func isWord(_ text: String) -> Bool {
        text.utf8.count <= wordCharactersMax && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F }
    }

    private static func cleaned(_ value: AuditValue) -> AuditValue {
        switch value {
        case .flag, .whole, .number: value
        case .text(let text): .text(PlainText.of(String(text.prefix(textCharactersMax))))
        case .list(let texts): .list(texts.prefix(listCountMax).map { PlainText.of(String($0.prefix(textCharactersMax))) })
        }
    }

    /// A number that JSON can't express leaves all out; none comes from JSON.
    private static func json(_ values: [String: AuditValue]) -> String {
        (try? ControlJSON.encode(values)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }
}
