import Database

extension GatewayFigures {
    /// The figures that PostgreSQL knows: athletes by state and the transform backlog. Quota and requests are the caller's to add.
    public static func load(from database: Database) async throws -> GatewayFigures {
        let states = try await database.query("SELECT state, count(*) FROM sync.athlete GROUP BY state")
        var figures = GatewayFigures()
        for row in states {
            let (state, count) = try row.decode(String.self, Int.self)
            figures.athleteCountByState[state] = count
        }
        let backlog = try await database.query("SELECT count(DISTINCT (athlete_id, activity_id)) FROM sync.transform_work")
        figures.transformBacklogCount = try backlog.first?.decode(Int.self) ?? 0
        return figures
    }
}
