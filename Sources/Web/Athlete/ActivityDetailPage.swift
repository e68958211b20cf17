import Core
import Database
import Foundation
import OwnData

/// Laps, or splits of a kilometre or mile.
enum CoursePart: String, PageChoice {
    case laps, splits

    static let name = "parts"
    static let standard = CoursePart.laps

    var title: String { self == .laps ? "Laps" : "Splits" }
}

/// One activity in full.
struct ActivityDetailPage: Sendable {
    struct ZoneGroup: Sendable {
        let title: String
        let bars: [ZoneBar]
    }

    let name: String
    let sport: String
    let tone: String
    let when: String
    /// Gear, and what else belongs to the first line.
    let details: [String]
    /// As Strava's guidelines ask: "Recorded with a Garmin Edge 540".
    let device: String?
    let description: String?
    let stravaHref: String
    let listHref: String
    let earlierHref: String?
    let laterHref: String?
    let figures: [BigFigure]
    let course: CourseCard
    let route: RouteMap
    let zones: [ZoneGroup]
    let zonesNone: EmptyState?
    let parts: PartsCard
    /// Where the fragments are that come when they are looked at.
    let effortsHref: String
    let similarHref: String

    /// Nil: the athlete has no such activity.
    static func read(_ activity: ActivityID, _ page: PageContext, _ connection: Connection) async throws -> ActivityDetailPage? {
        guard let facts = try await ActivityFacts.read(activity, page.facts.athlete, connection) else { return nil }
        let streams = try await CourseStreams.read(activity, page, connection)
        let neighbours = try await neighbours(facts, page, connection)
        let zones = try await zones(facts, page, connection)
        let parts = try await PartsCard.read(facts, page, connection)
        return ActivityDetailPage(facts, page, streams, neighbours, zones, parts)
    }

    private init(
        _ facts: ActivityFacts, _ page: PageContext, _ streams: CourseStreams?, _ neighbours: (earlier: Int64?, later: Int64?),
        _ zones: [ZoneGroup], _ parts: PartsCard
    ) {
        name = facts.name
        sport = facts.sport
        tone = facts.kind.rawValue
        when =
            facts.start.map { start in
                let hour = WallTime.text(start)
                // Strava sends 00:00:01 where the athlete hides the hour.
                let isHidden = Int(start.timeIntervalSince1970) % 86_400 == 1
                return LocalDay(start).longText + (isHidden ? "" : ", \(hour)")
            } ?? "no date"
        details = [facts.gear, facts.isTrainer ? "indoors" : nil, facts.isManual ? "typed in by hand" : nil].compactMap { $0 }
        device = facts.device.map { "Recorded with \($0)" }
        description = facts.description
        stravaHref = "https://www.strava.com/activities/\(facts.id)"
        listHref = page.base + "/activities"
        earlierHref = neighbours.earlier.map(page.activityLink)
        laterHref = neighbours.later.map(page.activityLink)
        figures = facts.figures(page.figures)
        course = CourseCard(facts, streams, page)
        route = RouteMap(facts, streams, course.positions, page)
        self.zones = zones
        zonesNone =
            zones.isEmpty
            ? EmptyState(.nothing, "No zones", "This activity has no heart rate, measured power or pace, or no threshold is known.") : nil
        self.parts = parts
        effortsHref = "\(page.base)/parts/efforts?activity=\(facts.id)"
        similarHref = "\(page.base)/parts/similar?activity=\(facts.id)"
    }

    private static func neighbours(
        _ facts: ActivityFacts, _ page: PageContext, _ connection: Connection
    ) async throws -> (earlier: Int64?, later: Int64?) {
        let rows = try await connection.query(
            """
            SELECT (SELECT b.activity_id FROM silver.activity b
                    WHERE b.athlete_id = a.athlete_id AND b.source_id = a.source_id AND (b.start_at, b.activity_id) < (a.start_at, a.activity_id)
                    ORDER BY b.start_at DESC, b.activity_id DESC LIMIT 1),
                (SELECT b.activity_id FROM silver.activity b
                    WHERE b.athlete_id = a.athlete_id AND b.source_id = a.source_id AND (b.start_at, b.activity_id) > (a.start_at, a.activity_id)
                    ORDER BY b.start_at, b.activity_id LIMIT 1)
            FROM silver.activity a
            WHERE a.athlete_id = \(page.facts.athlete) AND a.source_id = \(facts.source) AND a.activity_id = \(facts.id)
            """)
        guard let (earlier, later) = try rows.first?.decode(Int64?.self, Int64?.self) else { return (nil, nil) }
        return (earlier, later)
    }

    private static func zones(_ facts: ActivityFacts, _ page: PageContext, _ connection: Connection) async throws -> [ZoneGroup] {
        let rows = try await connection.query(
            """
            SELECT metric, zone, coalesce(from_bpm, from_w)::float8, coalesce(to_bpm, to_w)::float8, from_mps, to_mps, seconds::float8
            FROM silver.activity_zone_time
            WHERE athlete_id = \(page.facts.athlete) AND source_id = \(facts.source) AND activity_id = \(facts.id)
            ORDER BY zone LIMIT 60
            """)
        var found: [ZoneMetric: [ZoneTime]] = [:]
        for row in rows {
            guard let metric = ZoneMetric(rawValue: try row.column(0)) else { continue }
            let (from, to): (Double?, Double?) = (try row.column(metric == .pace ? 4 : 2), try row.column(metric == .pace ? 5 : 3))
            found[metric, default: []].append(ZoneTime(zone: try row.column(1), from: from, to: to, seconds: try row.column(6)))
        }
        let order: [(ZoneMetric, String)] = [(.power, "Power"), (.heartrate, "Heart rate"), (.pace, "Pace")]
        return order.compactMap { metric, title in
            guard let zones = found[metric], zones.contains(where: { $0.seconds > 0 }) else { return nil }
            return ZoneGroup(title: title, bars: ZoneBar.all(zones, metric: metric, figures: page.figures))
        }
    }
}
