import Core
import Database
import OwnData

/// The tools about single activities: the answers of `/v1/me/activities`, as far as the caller may see them.
enum ActivityTools {
    /// Points of a series in one answer.
    private static let pointsMax: Int64 = 1_000
    private static let pointsDefault: Int64 = 200
    private static let listMax: Int64 = 100
    private static let listDefault: Int64 = 20

    static let all = [list, one, series]

    private static let list = Tool(
        name: "list_activities", title: "List activities, newest first",
        description: """
            Activities with sport, start, distance, times, climb, speed, heart rate, power and training load; in next where the following page \
            begins, or null. Metres, seconds, metres per second, watts, beats per minute.
            """,
        arguments: [
            ToolArgument(name: "sport", kind: .text(words: OwnAnswers.sports), remark: "Only activities of this sport family."),
            ToolArgument(
                name: "after", kind: .text(words: nil), remark: "Only activities that began on this day (UTC) or later: YYYY-MM-DD."),
            ToolArgument(name: "before", kind: .text(words: nil), remark: "Only activities that began before this day (UTC): YYYY-MM-DD."),
            ToolArgument(name: "limit", kind: .integer(1...listMax), remark: "Activities in one answer; \(listDefault) unless given."),
            ToolArgument(name: "cursor", kind: .text(words: nil), remark: "The value of next in the answer before."),
        ]
    ) { call in
        var filter = ActivityFilter()
        filter.sport = call.arguments.text("sport")
        if let after = try day("after", call) { filter.after = after.midnight }
        if let before = try day("before", call) { filter.before = before.midnight }
        filter.limit = Int(call.arguments.integer("limit") ?? listDefault)
        if let text = call.arguments.text("cursor") {
            guard let cursor = ActivityCursor(text) else {
                throw ToolFault("cursor must be the value of next in an answer of list_activities.")
            }
            filter.cursor = cursor
        }
        let answers = OwnAnswers(reader: call.reader)
        return ToolResult(json: try await answers.activities(of: call.athlete, filter, showsPlaces: call.showsPlaces))
    }

    private static let one = Tool(
        name: "get_activity", title: "Show one activity",
        description: "Everything about one activity but its series: figures, metrics, laps, splits, zones and best efforts.",
        arguments: [.activity]
    ) { call in
        let answers = OwnAnswers(reader: call.reader)
        let found = try await answers.activity(activity(call), of: call.athlete, showsPlaces: call.showsPlaces)
        guard let found else { throw ToolFault(unknown, mayBeHidden: true) }
        guard found.utf8.count <= BoundedRows.bytesMax else {
            throw ToolFault(
                "The activity has too many laps or splits for one answer: ask for what you need with query, from activity, lap and split.")
        }
        return ToolResult(json: found)
    }

    private static let series = Tool(
        name: "get_activity_series", title: "Show the recorded series of one activity",
        description: """
            Heart rate, power, speed, altitude and the other series of one activity, thinned out to so few points that their shapes stay \
            (largest triangles). All lists have the values of the same points; latlng only with the scope position.
            """,
        arguments: [
            .activity,
            ToolArgument(
                name: "keys", kind: .words(StreamSeries.allCases.map(\.rawValue)),
                remark: "Series to show; all that may be shown unless given."),
            ToolArgument(name: "max_points", kind: .integer(2...pointsMax), remark: "Points at most; \(pointsDefault) unless given."),
        ]
    ) { call in
        let asked =
            call.arguments.words("keys").map { $0.compactMap(StreamSeries.init) }
            ?? StreamSeries.allCases.filter { $0 != .position || call.showsPlaces }
        guard call.showsPlaces || !asked.contains(.position) else { throw ToolFault("latlng needs a token with the scope position.") }
        // Each once, in the order of the type.
        let keys = StreamSeries.allCases.filter(asked.contains)
        let found = try await OwnAnswers(reader: call.reader).streams(
            activity(call), of: call.athlete, keys: keys, pointsMax: Int(call.arguments.integer("max_points") ?? pointsDefault))
        guard let found else { throw ToolFault("There are no series of an activity of this number. " + unknown, mayBeHidden: true) }
        return ToolResult(json: found)
    }

    private static let unknown = "No activity of this number can be shown: list_activities lists those that can."

    private static func activity(_ call: ToolCall) -> ActivityID { ActivityID(call.arguments.integer("activity_id") ?? 0) }

    private static func day(_ name: String, _ call: ToolCall) throws -> OwnDay? {
        guard let text = call.arguments.text(name) else { return nil }
        guard let day = OwnDay(text) else { throw ToolFault("\(name) must be a day from 1900 to 2199, as YYYY-MM-DD.") }
        return day
    }
}
