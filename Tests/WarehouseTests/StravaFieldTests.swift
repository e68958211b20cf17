import Core
import Database
import Foundation
import StravaAPI
import TestKit
import Testing

@testable import Warehouse

/// docs/strava-fields.md against the answers in Strava's shape: each field has a column, which exists and is filled, or a reason to be left
/// in bronze.
@Suite struct StravaFieldTests {
    @Test func `each field of each answer has a column or a reason why it is left in bronze`() throws {
        let page = try FieldPage()
        var found: [String: Set<String>] = [:]
        for (section, object) in try Recordings.all.flatMap(SentObject.all) {
            for (path, hasValue) in SentObject.fields(of: object) where !page.covers(path, in: section, isEmpty: !hasValue) {
                found[section, default: []].insert(path)
            }
        }
        #expect(found == [:], "neither a column nor a reason in docs/strava-fields.md")
    }

    @Test func `a field that is new is noticed, also inside lists and where nothing is in it`() throws {
        let page = try FieldPage()
        let sent =
            #"{"id":1,"laps":[{"name":"a","new":[]}],"photos":{"primary":null,"more":{}},"map":{"new":null},"similar_activities":{"x":1}}"#
        let object = try JSONSerialization.jsonObject(with: Data(sent.utf8))
        let unknown = SentObject.fields(of: object).filter { !page.covers($0.path, in: "Activities", isEmpty: !$0.hasValue) }.map(\.path)
        #expect(unknown.sorted() == ["laps[].new", "map.new", "photos.more"])
    }

    /// A field whose column is named but never read would stay null.
    @Test func `each column that the page names exists, and is filled where an answer has a value`() async throws {
        let page = try FieldPage()
        try await withTestDatabase { database in
            let bench = try await Bench(database)
            try await land(bench)
            try await bench.transform()
            var wanted: Set<String> = []
            for (section, object) in try Recordings.all.flatMap(SentObject.all) {
                for field in SentObject.fields(of: object) where field.hasValue { wanted.formUnion(page.columns(field.path, in: section)) }
            }
            #expect(wanted.count > 100)
            let filled = Set(try await bench.lines(Self.filled).map { $0.trimmingCharacters(in: ["(", ")"]) })
            #expect(wanted.subtracting(filled) == [], "the page names these, and no row has a value")
            let known = Set(try await bench.lines(Self.known).map { $0.trimmingCharacters(in: ["(", ")"]) })
            #expect(page.allColumns.subtracting(known) == [], "the page names columns that do not exist")
        }
    }

    /// What the reader of details cuts out is left in bronze, or is one of the long lists; what it reads of these has a column.
    @Test func `the page agrees with the reader of details`() throws {
        let page = try FieldPage()
        for field in DocumentReader.cutFields where !["segment_efforts", "best_efforts"].contains(field) {
            #expect(page.covers(field, in: "Activities", isEmpty: false) && page.columns(field, in: "Activities") == [], "\(field)")
        }
        for field in DocumentReader.listFields {
            let isRead = page.columns(field, in: "Activities") != [] || page.columns("\(field)[].type", in: "Activities") != []
            #expect(isRead, "\(field) is read, and has no column on the page")
        }
    }

    private static let known = """
        SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'silver'::regnamespace AND c.relkind IN ('r', 'p')
        """
    /// The columns of which some row has a value.
    private static let filled = """
        SELECT DISTINCT t.name || '.' || e.key FROM (
            SELECT 'activity' AS name, to_jsonb(x) AS row FROM silver.activity x UNION ALL SELECT 'lap', to_jsonb(x) FROM silver.lap x
            UNION ALL SELECT 'split', to_jsonb(x) FROM silver.split x UNION ALL SELECT 'split_mile', to_jsonb(x) FROM silver.split_mile x
            UNION ALL SELECT 'best_effort', to_jsonb(x) FROM silver.best_effort x
            UNION ALL SELECT 'segment_effort', to_jsonb(x) FROM silver.segment_effort x UNION ALL SELECT 'photo', to_jsonb(x) FROM silver.photo x
            UNION ALL SELECT 'athlete', to_jsonb(x) FROM silver.athlete x UNION ALL SELECT 'gear_item', to_jsonb(x) FROM silver.gear_item x
            UNION ALL SELECT 'athlete_stats', to_jsonb(x) FROM silver.athlete_stats x
            UNION ALL SELECT 'athlete_zone_set', to_jsonb(x) FROM silver.athlete_zone_set x
            UNION ALL SELECT 'activity_strava_zone', to_jsonb(x) FROM silver.activity_strava_zone x
        ) AS t CROSS JOIN LATERAL jsonb_each(t.row) AS e
        WHERE e.value <> 'null'
        """

    /// Each activity and each gear under an id of its own; of profiles, zones and totals a merger, since an athlete has one.
    private func land(_ bench: Bench) async throws {
        var id: Int64 = 0
        var own: [String: [String: Any]] = [:]
        for (section, object) in try Recordings.all.flatMap(SentObject.all) {
            id += 1
            let body = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
            switch section {
            case "Activities": try await bench.land([answer(.activity, id, body)], listed: [listed(id)])
            case "Zones of an activity":
                try await bench.land([answer(.activity, id, "{}"), answer(.activityZones, id, "[\(body)]")], listed: [listed(id)])
            case "Gear": try await bench.land([answer(.gear, id, body)])
            default:
                let sent = (object as? [String: Any] ?? [:]).filter { !($0.value is NSNull) && $0.value as? String != "" }
                own[section, default: [:]].merge(sent) { $1 }
            }
        }
        let totals = try JSONSerialization.data(withJSONObject: own["Totals of an athlete"] ?? [:])
        try await bench.landStats(String(decoding: totals, as: UTF8.self))
        for (section, endpoint) in [("Profile", BronzeEndpoint.athlete), ("Zones of an athlete", .athleteZones)] {
            let body = try JSONSerialization.data(withJSONObject: own[section] ?? [:])
            try await bench.land([answer(endpoint, Bench.athlete.rawValue, String(decoding: body, as: UTF8.self))])
        }
    }
}

/// An object in an answer, with the section of the page that is about it.
private enum SentObject {
    /// Only whole answers: some recordings are a part of one.
    static func all(in recording: Recording) throws -> [(section: String, object: Any)] {
        let kinds = ["activity-detail", "activity-list", "laps", "gear", "athlete", "athlete-stats", "zones", "athlete-zones"]
        guard kinds.contains(recording.kind) else { return [] }
        let sent = try JSONSerialization.jsonObject(with: Data(recording.body), options: [.fragmentsAllowed])
        let object = sent as? [String: Any] ?? [:]
        let list = sent as? [Any] ?? []
        switch recording.kind {
        case "activity-detail": return object["id"] == nil ? [] : [("Activities", sent)]
        case "activity-list": return list.map { ("Activities", $0) }
        case "laps": return list.isEmpty ? [] : [("Activities", ["laps": list])]
        case "gear": return [("Gear", sent)]
        case "athlete", "athlete-stats":
            // Profiles of old have an id and totals.
            if object["id"] != nil { return [("Profile", sent)] }
            return object.keys.contains { $0.hasSuffix("_totals") } ? [("Totals of an athlete", sent)] : []
        case "zones", "athlete-zones":
            if object["heart_rate"] != nil { return [("Zones of an athlete", sent)] }
            return (list.isEmpty ? [sent] : list).map { ("Zones of an activity", $0) }
        default: return []
        }
    }

    /// The paths of the fields that hold no object, such as `laps[].name`; a list of numbers or strings is one field.
    static func fields(of value: Any, at path: String = "") -> [(path: String, hasValue: Bool)] {
        if let object = value as? [String: Any] {
            if object.isEmpty { return [(path, false)] }
            return object.flatMap { fields(of: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
        }
        let objects = (value as? [Any])?.filter { $0 is [String: Any] } ?? []
        if !objects.isEmpty { return objects.flatMap { fields(of: $0, at: "\(path)[]") } }
        let isEmpty = value is NSNull || (value as? String)?.isEmpty == true || (value as? [Any])?.isEmpty == true
        return [(path, !isEmpty)]
    }
}

/// The tables of docs/strava-fields.md, by the headings above them.
private struct FieldPage {
    private var columns: [String: [String: [String]]] = [:]
    private var reasons: [String: [String]] = [:]

    init() throws {
        let text = try String(contentsOf: checkout.appending(path: "docs/strava-fields.md"), encoding: .utf8)
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("## ") { section = String(line.dropFirst(3)) }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| `"), cells.count == 2 else { continue }
            func names(_ cell: String) -> [String] { cell.matches(of: #/`([^`]+)`/#).map { String($0.1) } }
            let isColumn = cells[1].wholeMatch(of: #/(`[a-z_]+\.[a-z_]+`(, )?)+/#) != nil
            for field in names(cells[0]) {
                if isColumn { columns[section, default: [:]][field] = names(cells[1]) } else { reasons[section, default: []].append(field) }
            }
        }
    }

    var allColumns: Set<String> { Set(columns.values.flatMap { $0.values.flatMap(\.self) }) }

    func columns(_ path: String, in section: String) -> [String] { columns[section]?[path] ?? [] }

    /// - Parameter isEmpty: the field holds nothing, so that fields inside it stand for it.
    func covers(_ path: String, in section: String, isEmpty: Bool) -> Bool {
        func holds(_ inner: String, _ outer: String) -> Bool { inner.hasPrefix("\(outer).") || inner.hasPrefix("\(outer)[]") }
        let (named, left) = (columns[section] ?? [:], reasons[section] ?? [])
        if named[path] != nil || left.contains(where: { $0 == path || holds(path, $0) }) { return true }
        return isEmpty && (Array(named.keys) + left).contains { holds($0, path) }
    }
}
