import CSimdjson
import Core

/// Why an answer with status 200 can't be the answer to what was asked. Stored as the reason in the ledger and in the quarantine.
public enum WrongAnswer: String, Error, Sendable, CaseIterable {
    /// Not JSON, or not of the kind that the call has: a page of HTML, a word, a body cut off.
    case unreadable
    case tooDeep = "too_deep"
    /// JSON, but not what was asked for: an error object, a stub, a list.
    case wrongShape = "wrong_shape"
    /// It bears another id than the one that was asked for.
    case otherObject = "other_object"
    /// It names another athlete than the one whose token was used.
    case otherAthlete = "other_athlete"
    /// A streams answer without a stream.
    case noStreams = "no_streams"
    /// Streams whose lengths contradict each other or their own size.
    case streamLengths = "stream_lengths"
}

/// Holds an answer against what was asked: an answer is believed only if it can be the answer to the question. Pure.
///
/// Lenient in what does not matter: an id may be a text, a number of any size may stand in any other field, unknown fields are passed over.
/// Streams are judged where they are decoded (`StreamsAnswer`), a list element by element (`ActivityPage`).
public enum AnswerCheck {
    /// Strava's deepest answer has about six levels.
    static let depthMax = 64

    private static let fields = ["start_date", "sport_type", "type", "heart_rate", "power"]

    /// What is wrong with the answer; nil: it can be what was asked for.
    public static func fault(of body: [UInt8], to call: StravaCall, athlete: AthleteID) -> WrongAnswer? {
        switch call {
        case .activities, .streams, .activityZones: return nil
        case .athlete, .activity, .athleteZones, .gear: break
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
        case .gear(let id):
            guard document.id_kind == FSJ_ID_TEXT else { return document.id_kind == FSJ_ID_NUMBER ? .otherObject : .wrongShape }
            return text(document.id_text) == id ? nil : .otherObject
        case .activities, .streams, .activityZones: return nil
        }
    }

    private static func number(_ kind: fsj_id_kind, _ number: Int64, is wanted: Int64, else fault: WrongAnswer) -> WrongAnswer? {
        guard kind == FSJ_ID_NUMBER else { return .wrongShape }
        return number == wanted ? nil : fault
    }

    /// - Parameter characters: a `char` array of the document, which Swift sees as a tuple.
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
