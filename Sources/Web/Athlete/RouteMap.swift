import Foundation

/// The line of an activity: drawn here, and by the map's script where it runs.
struct RouteMap: Sendable {
    private struct Content: Encodable {
        let kind = "route"
        /// Latitude and longitude of each point that the plots show; null: not known.
        let points: [[Decimal?]?]
    }

    private static let size = (width: 356.0, height: 330.0)
    private static let margin = 28.0

    let routeSVG: String?
    let routeJSON: String?
    let routeNone: EmptyState?

    init(_ activity: ActivityFacts, _ streams: CourseStreams?, _ positions: [[Double]?]?, _ page: PageContext) {
        let known = positions?.compactMap { $0 } ?? []
        guard let positions, known.count > 1 else {
            (routeSVG, routeJSON) = (nil, nil)
            routeNone = Self.nothing(activity, streams, page)
            return
        }
        routeNone = nil
        routeJSON = PageJSON.text(
            Content(points: positions.map { $0.map { [PageJSON.rounded($0[0], 6), PageJSON.rounded($0[1], 6)] } }))
        routeSVG = Self.drawing(positions, known, page.figures)
    }

    private static func nothing(_ activity: ActivityFacts, _ streams: CourseStreams?, _ page: PageContext) -> EmptyState {
        if !page.visitor.showsPlaces {
            return EmptyState(.pin, "Places are not shown", "This link or token was made without the right to see positions.")
        }
        if activity.isTrainer { return EmptyState(.pin, "No position", "This activity was recorded indoors.") }
        return streams == nil && !activity.isManual
            ? EmptyState(.clock, "The track is not here yet", "It follows with the series of this activity.")
            : EmptyState(.pin, "No position", "This activity was recorded without one.")
    }

    // MARK: Drawing

    private static func drawing(_ positions: [[Double]?], _ known: [[Double]], _ figures: Figures) -> String {
        let (south, north) = (known.map { $0[0] }.min() ?? 0, known.map { $0[0] }.max() ?? 0)
        let (west, east) = (known.map { $0[1] }.min() ?? 0, known.map { $0[1] }.max() ?? 0)
        // Short enough to be flat: a degree of longitude shrinks with the cosine of the latitude.
        let shrink = max(0.01, cos((south + north) / 2 * .pi / 180))
        let (wide, high) = (max((east - west) * shrink, 1e-6), max(north - south, 1e-6))
        let scale = min((size.width - 2 * margin) / wide, (size.height - 2 * margin) / high)
        let (left, top) = ((size.width - wide * scale) / 2, (size.height - high * scale) / 2)
        func point(_ position: [Double]) -> (x: Double, y: Double) {
            (left + (position[1] - west) * shrink * scale, top + (north - position[0]) * scale)
        }
        var (path, isDown) = ("", false)
        for position in positions {
            guard let position else {
                isDown = false
                continue
            }
            let (x, y) = point(position)
            path += (isDown ? "L" : "M") + "\(Drawings.number(x)) \(Drawings.number(y))"
            isDown = true
        }
        let (start, end) = (point(known[0]), point(known[known.count - 1]))
        return """
            <svg class="map tall" viewBox="0 0 356 330" preserveAspectRatio="xMidYMid meet" role="img" aria-label="Line of the activity on a grid">\
            <path class="grid-l" d="\(grid)"/><path class="case" d="\(path)"/><path class="way" d="\(path)"/>\
            <circle class="m-end" cx="\(Drawings.number(end.x))" cy="\(Drawings.number(end.y))" r="5"/>\
            <circle class="m-start" cx="\(Drawings.number(start.x))" cy="\(Drawings.number(start.y))" r="5"/>\
            \(ruler(metresPerPoint: 111_320 / scale, figures))</svg>
            """
    }

    private static var grid: String {
        let columns = stride(from: 44.5, to: size.width, by: 44.5).map { "M\(Drawings.number($0)) 0V\(Int(size.height))" }
        let rows = stride(from: 41.25, to: size.height, by: 41.25).map { "M0 \(Drawings.number($0))H\(Int(size.width))" }
        return (columns + rows).joined()
    }

    /// A length of the map in round figures.
    private static func ruler(metresPerPoint: Double, _ figures: Figures) -> String {
        let unit =
            90 * metresPerPoint >= figures.metresPerUnit ? figures.metresPerUnit : figures.system == .metric ? 1 : Figures.metresPerFoot
        let name = unit == figures.metresPerUnit ? figures.distanceUnit : figures.heightUnit
        var length = 1.0
        for step in [2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000] as [Double] where step * unit <= 90 * metresPerPoint { length = step }
        let width = length * unit / metresPerPoint
        guard width.isFinite, width <= 200 else { return "" }
        return "<path class=\"scale\" d=\"M12 316H\(Drawings.number(12 + width))\"/><text x=\"12\" y=\"308\">\(Int(length)) \(name)</text>"
    }
}
