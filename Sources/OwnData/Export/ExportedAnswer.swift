import Core
import Database
import Foundation

/// One of Strava's answers as a line of JSON.
struct ExportedAnswer {
    private let row:
        (
            endpoint: String, object: Int64, request: String, status: Int16, fetchedAt: String, replacedAt: String?, body: [UInt8]
        )

    init(_ row: Row) throws {
        self.row = try row.decode(String.self, Int64.self, String.self, Int16.self, String.self, String?.self, [UInt8].self)
    }

    /// The kinds of answers by their numbers in bronze_strava.endpoint.
    private static let kinds = [
        "activity_summary", "activity", "streams", "athlete", "athlete_zones", "activity_zones", "gear", "athlete_stats",
    ]

    /// The files of answers, each with its rows: one for each kind, and one for earlier versions of all kinds.
    static func files(of athlete: AthleteID) -> [(name: String, statement: SQL)] {
        let current = kinds.enumerated().map { index, kind -> (String, SQL) in
            (
                kind,
                """
                SELECT \(kind)::text, object_id, request, status, \(raw: iso("fetched_at")), NULL::text, body FROM bronze_strava.answer
                WHERE athlete_id = \(athlete) AND endpoint = \(Int16(index + 1)) ORDER BY source_id, object_id
                """
            )
        }
        let earlier: SQL = """
            SELECT (\(kinds)::text[])[endpoint], object_id, request, status, \(raw: iso("valid_from")), \(raw: iso("valid_to")), body
            FROM bronze_strava.answer_version WHERE athlete_id = \(athlete) ORDER BY source_id, endpoint, object_id, version_id
            """
        return current + [("earlier", earlier)]
    }

    /// With a line break at its end. A body that is not UTF-8 stands in `body_base64`.
    var line: [UInt8] {
        var line = Array("{\"endpoint\":\"\(row.endpoint)\",\"object_id\":\(row.object),\"request\":".utf8)
        JSONString.append(row.request.utf8, to: &line)
        line += Array(",\"status\":\(row.status),\"fetched_at\":\"\(row.fetchedAt)\"".utf8)
        if let replacedAt = row.replacedAt { line += Array(",\"replaced_at\":\"\(replacedAt)\"".utf8) }
        if String(validating: row.body, as: UTF8.self) != nil {
            line += Array(",\"body\":".utf8)
            JSONString.append(row.body, to: &line)
        } else {
            line += Array(",\"body_base64\":\"\(Data(row.body).base64EncodedString())\"".utf8)
        }
        return line + Array("}\n".utf8)
    }

    private static func iso(_ column: String) -> String { "to_char(\(column), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')" }
}
