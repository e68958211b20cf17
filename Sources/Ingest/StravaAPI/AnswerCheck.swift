import CSimdjson
import Core

/// Why an answer with status 200 can't be the answer to its call. Stored as the reason in the ledger and in the quarantine.
public enum WrongAnswer: String, Error, Sendable, CaseIterable {
    /// Not JSON, or not of the call's shape: an HTML page, a word, a truncated body.
    case unreadable
    case tooDeep = "too_deep"
    /// JSON, but not what was asked for: an error object, a stub, a list.
    case wrongShape = "wrong_shape"
    /// It has another id than the one asked for.
    case otherObject = "other_object"
    /// It names another athlete than the one whose token was used.
    case otherAthlete = "other_athlete"
    /// A streams answer without a stream.
    case noStreams = "no_streams"
    /// Streams whose lengths contradict each other or their own size.
    case streamLengths = "stream_lengths"
}

/// Compares an answer with its call: it is accepted only if it can be the answer to it. Pure.
///
/// Lenient where it does not matter: an id may be a string, any other field may hold a number of any size, unknown fields are ignored.
/// Streams are checked by their decoder (`StreamsAnswer`), lists element by element (`ActivityPage`).
public enum AnswerCheck {
    /// Strava's deepest answer has about six levels.
    private static let depthMax = 64

    private static let fields = ["start_date", "sport_type", "type", "heart_rate", "power"] + totals
    private static let totals = ["recent", "ytd", "all"].flatMap { span in ["ride", "run", "swim"].map { "\(span)_\($0)_totals" } }

    /// What is wrong with the answer; nil: it can be the answer to `call`.
    public static func fault(of body: [UInt8], to call: StravaCall, athlete: AthleteID) -> WrongAnswer? {
        switch call {
        case .activities, .streams: return nil
        case .activityZones: return zonesFault(of: body)
        case .athlete, .activity, .athleteZones, .athleteStats, .gear: break
        }
        let document: fsj_document
        do throws(WrongAnswer) { document = try read(body) } catch { return error }
        func has(_ field: String) -> Bool { fields.firstIndex(of: field).map { document.present >> UInt64($0) & 1 == 1 } ?? false }
        switch call {
        case .athlete:
            return number(document.id_kind, document.id, is: athlete.rawValue, else: .otherAthlete)
        case .activity(let id):
            if document.owner_kind == FSJ_ID_NUMBER, document.owner != athlete.rawValue { return .otherAthlete }
            if let fault = number(document.id_kind, document.id, is: id.rawValue, else: .otherObject) { return fault }
            return Timestamp.iso8601(text(document.first_text)) != nil && (has("sport_type") || has("type")) ? nil : .wrongShape
        case .athleteZones:
            return has("heart_rate") || has("power") ? nil : .wrongShape
        // It names no athlete: only its shape can be looked at.
        case .athleteStats: return totals.contains(where: has) ? nil : .wrongShape
        case .gear(let id):
            guard document.id_kind == FSJ_ID_TEXT else { return document.id_kind == FSJ_ID_NUMBER ? .otherObject : .wrongShape }
            return text(document.id_text) == id ? nil : .otherObject
        case .activities, .streams, .activityZones: return nil
        }
    }

    /// A list of zones, which may be empty; it names neither the activity nor the athlete.
    private static func zonesFault(of body: [UInt8]) -> WrongAnswer? {
        do throws(JSONValue.Failure) {
            guard let zones = try JSONValue(parsing: body).list else { return .wrongShape }
            return zones.allSatisfy { $0["type"]?.text != nil && $0["distribution_buckets"]?.list != nil } ? nil : .wrongShape
        } catch {
            return error == .tooDeep ? .tooDeep : .unreadable
        }
    }

    private static func number(_ kind: fsj_id_kind, _ number: Int64, is wanted: Int64, else fault: WrongAnswer) -> WrongAnswer? {
        guard kind == FSJ_ID_NUMBER else { return .wrongShape }
        return number == wanted ? nil : fault
    }

    /// - Parameter characters: a `char` array of the document, which Swift imports as a tuple.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func read(_ body: [UInt8]) throws(WrongAnswer) -> fsj_document {
        var document = fsj_document()
        let status = withNames { fsj_document_read(body, body.count, depthMax, $0.baseAddress, $0.count, &document) }
        switch status {
        case FSJ_OK: return document
        case FSJ_TOO_DEEP: throw .tooDeep
        case FSJ_WRONG_SHAPE: throw .wrongShape
        default: throw .unreadable
        }
    }

    private static func withNames(_ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> fsj_status) -> fsj_status {
        var bytes: [CChar] = []
        var starts: [Int] = []
        for field in fields {
            starts.append(bytes.count)
            bytes += field.utf8CString
        }
        return bytes.withUnsafeBufferPointer { text in
            starts.map { start in text.baseAddress.map { $0 + start } }.withUnsafeBufferPointer(body)
        }
    }
}

/// A cheap check whether a body can be JSON of the call's shape.
enum BodyShape {
    /// Whether the first byte that is not blank is one of `starts` and the last one closes it: HTML pages, empty and truncated bodies are not
    /// kept as answers.
    static func begins(_ body: [UInt8], withOneOf starts: [UInt8]) -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
        guard let first = body[ByteOrderMark.end(in: body)...].first(where: { !isBlank($0) }), let last = body.last(where: { !isBlank($0) })
        else { return false }
        return starts.contains(first) && last == (first == UInt8(ascii: "[") ? UInt8(ascii: "]") : UInt8(ascii: "}"))
    }
}
