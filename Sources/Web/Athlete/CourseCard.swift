import Foundation

/// What the plots of an activity run along.
enum CourseAxis: String, PageChoice {
    case distance, time

    static let name = "axis"
    static let standard = CourseAxis.distance

    var title: String { self == .distance ? "Distance" : "Time" }
}

/// The course of an activity: plots over one axis of distance or time, with one cursor.
struct CourseCard: Sendable {
    /// Points of a plot.
    private static let pointsMax = 300

    private struct Content: Encodable {
        struct Track: Encodable {
            let name: String
            let tone: String
            let unit: String
            /// int, tenth or time: how a value is written.
            let form: String
            let isReversed: Bool
            let values: [Decimal?]
            /// Of a second curve in the same unit, such as grade-adjusted pace.
            let others: [Decimal?]?
            let least: Decimal?
            let most: Decimal?
        }
        let kind = "course"
        let axis: String
        let x: [Decimal?]
        let time_s: [Decimal?]
        /// In the unit of the axis; nil: not known.
        let way: [Decimal?]?
        let wayUnit: String
        let grade: [Decimal?]?
        let tracks: [Track]
        let sums: Sums
    }

    /// From the start up to each point, for the figures of a selection.
    private struct Sums: Encodable {
        var heartrate: [Decimal?]?
        var heartrate_s: [Decimal?]?
        var power: [Decimal?]?
        var power_s: [Decimal?]?
        var climb: [Decimal?]?
        let climbUnit: String
    }

    struct Track: Sendable {
        let name: String
        let tone: String
        let unit: String
        /// "mean 152 bpm · max 179".
        let words: String
        let label: String
        /// Of the second curve.
        let otherName: String?
    }

    let heading: String
    let axes: [PageLink]
    let hasAxes: Bool
    let tracks: [Track]
    let chart: ChartBox?
    let none: EmptyState?
    let source: String
    let table: DataTable?
    /// Latitude and longitude of each shown point, for the map's cursor.
    let positions: [[Double]?]?

    init(_ activity: ActivityFacts, _ streams: CourseStreams?, _ page: PageContext) {
        heading = "Course of the \(activity.kind == .other ? "activity" : activity.kind.word.lowercased())"
        let plotter = streams.map { CoursePlotter(activity: activity, streams: $0, figures: page.figures) }
        let plots = plotter?.plots ?? []
        guard let streams, streams.pointCount > 1, let plotter, !plots.isEmpty else {
            (axes, hasAxes, tracks, chart, table, positions, source) = ([], false, [], nil, nil, nil, "")
            none = Self.nothing(activity, page)
            return
        }
        none = nil
        let hasWay = streams.distance_m?.contains { ($0 ?? 0) > 0 } ?? false
        let axis = hasWay ? page.query.choice(CourseAxis.self) : .time
        axes = hasWay ? page.query.links(CourseAxis.self, path: page.activityLink(activity.id), card: "course") : []
        hasAxes = hasWay
        let shown = streams.shown(max: Self.pointsMax)
        tracks = plots.map(\.track)
        chart = ChartBox(
            "course", label: heading + ": " + plots.map(\.track.words).joined(separator: "; "),
            Self.content(plots, streams, shown, axis, page.figures))
        let missing = plotter.missing(from: plots)
        source =
            "Source: series from Strava, \(Figures.count(streams.pointCount)) points, shown in \(Figures.count(shown.count))."
            + (missing.isEmpty ? "" : " Not recorded: \(missing.joined(separator: ", ")).")
        table = CourseTable(plots: plots, streams: streams, figures: page.figures, isByWay: axis == .distance).table
        positions = streams.latitude.map { latitudes in
            shown.map { place in
                guard let latitude = latitudes[place], let longitude = streams.longitude?[place] else { return nil }
                return [latitude, longitude]
            }
        }
    }

    private static func content(
        _ plots: [CoursePlot], _ streams: CourseStreams, _ shown: [Int], _ axis: CourseAxis, _ figures: Figures
    ) -> Content {
        let way = streams.distance_m.map { all in shown.map { PageJSON.rounded(all[$0].map { $0 / figures.metresPerUnit }, 3) } }
        let times = shown.map { PageJSON.rounded(streams.time_s[$0], 0) }
        return Content(
            axis: axis.rawValue, x: axis == .distance ? way ?? times : times, time_s: times, way: way, wayUnit: figures.distanceUnit,
            grade: streams.grade_percent.map { all in shown.map { PageJSON.rounded(all[$0]) } },
            tracks: plots.map { plot in
                Content.Track(
                    name: plot.track.name, tone: plot.track.tone, unit: plot.track.unit, form: plot.form.rawValue,
                    isReversed: plot.isReversed,
                    values: shown.map { PageJSON.rounded(plot.values[$0], plot.form.decimals) },
                    others: plot.others.map { others in shown.map { PageJSON.rounded(others[$0], plot.form.decimals) } },
                    least: PageJSON.rounded(plot.limits?.least), most: PageJSON.rounded(plot.limits?.most))
            }, sums: sums(streams, shown, figures))
    }

    private static func sums(_ streams: CourseStreams, _ shown: [Int], _ figures: Figures) -> Sums {
        func whole(_ values: [Double]) -> [Decimal?] { shown.map { PageJSON.rounded(values[$0], 0) } }
        var sums = Sums(climbUnit: figures.heightUnit)
        if let integral = streams.heartrate_bpm.map(streams.integral) {
            (sums.heartrate, sums.heartrate_s) = (whole(integral.sums), whole(integral.seconds))
        }
        if let integral = streams.power_w.map(streams.integral) {
            (sums.power, sums.power_s) = (whole(integral.sums), whole(integral.seconds))
        }
        sums.climb = streams.climbs.map { climbs in
            whole(figures.system == .metric ? climbs : climbs.map { $0 / Figures.metresPerFoot })
        }
        return sums
    }

    private static func nothing(_ activity: ActivityFacts, _ page: PageContext) -> EmptyState {
        if activity.isManual {
            return EmptyState(.nothing, "Nothing was recorded", "This activity was typed in by hand: it has figures, and no course.")
        }
        return EmptyState(
            .clock, "The course is not here yet",
            "The series of this activity have not arrived, or Strava has none. They follow with your history, newest first.")
    }
}
