/// What a reader sees of its athlete's rows. It is bound inside PostgreSQL together with the athlete: no statement sees more.
public struct ReaderSight: Sendable, Equatable {
    /// Positions, tracks, towns and segments: `silver.places()`.
    public let places: Bool
    /// Rows whose source is Strava's API, and all that is made from them.
    public let apiRows: Bool

    public init(places: Bool = true, apiRows: Bool = true) {
        self.places = places
        self.apiRows = apiRows
    }

    /// The numbers of `silver.reader_rights()`, added up.
    func rights(readsAnswers: Bool) -> Int32 { (readsAnswers ? 1 : 0) + (places ? 2 : 0) + (apiRows ? 4 : 0) }
}
