/// Seconds spent in each cell of a grid of a thousandth of a degree (about 111 m from south to north), for heat maps.
struct HeatGrid: Sendable, Equatable {
    /// (latitude cell + 90,000) · 1,000,000 + longitude cell + 180,000, each cell the floor of thousandths of a degree; ascending.
    let cells: [Int64]
    let seconds: [Double]

    init(_ timeline: Timeline, latitudes: [Double], longitudes: [Double]) {
        var runs: [(cell: Int64, seconds: Int)] = []
        for (place, point) in timeline.points.enumerated() {
            guard let cell = Self.cell(latitudes[point], longitudes[point]) else { continue }
            let hold_s = timeline.hold_s(at: place)
            if runs.last?.cell == cell { runs[runs.count - 1].seconds += hold_s } else { runs.append((cell, hold_s)) }
        }
        runs.sort { $0.cell < $1.cell }
        var cells: [Int64] = []
        var seconds: [Double] = []
        for run in runs {
            if cells.last == run.cell {
                seconds[seconds.count - 1] += Double(run.seconds)
            } else {
                cells.append(run.cell)
                seconds.append(Double(run.seconds))
            }
        }
        self.cells = cells
        self.seconds = seconds
    }

    /// Goes by millionths, as positions are stored, so that both agree at the border of a cell. The pole belongs to the last row of cells,
    /// and 180° east is 180° west: no cell lies beyond the globe, or twice on it.
    private static func cell(_ latitude: Double, _ longitude: Double) -> Int64? {
        guard abs(latitude) <= 90, abs(longitude) <= 180 else { return nil }
        let y = Int64((latitude * 1e6).rounded()) + 90_000_000
        let x = Int64((longitude * 1e6).rounded()) + 180_000_000
        return min(y / 1000, 179_999) * 1_000_000 + x / 1000 % 360_000
    }
}
