/// One athlete, or all, as bounds of `athlete_id`: one statement serves both and uses the key's index for either.
enum AthleteRange {
    static func of(_ athlete: Int64?) -> ClosedRange<Int64> {
        athlete.map { $0...$0 } ?? Int64.min...Int64.max
    }
}
