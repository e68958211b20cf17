/// The parameters of GET /athlete/activities, and the page they ask for (docs/strava-api.md 3.2).
struct ListRequest {
    static let perPageMax = 200

    let page: Int
    let perPage: Int
    let before_s: Int64?
    let after_s: Int64?

    init(_ query: FormFields, now_s: Int64) throws {
        page = try Self.number(query, "page", 1, 1...100_000)
        perPage = try Self.number(query, "per_page", 30, 1...Self.perPageMax)
        before_s = try Self.epoch(query, "before")
        after_s = try Self.epoch(query, "after")
        if let after_s, after_s > now_s { throw StravaFault.badRequest("Application", "after", "future") }
    }

    /// - Parameter recipes: what the token may see, newest first. With `after` alone the answer begins with the oldest.
    func page(of recipes: [ActivityRecipe], isShort: Bool) -> ArraySlice<ActivityRecipe> {
        var list = recipes.filter { recipe in
            let start = recipe.listedStart_s
            return start < before_s ?? .max && start > after_s ?? .min
        }
        if after_s != nil && before_s == nil { list.reverse() }
        let begin = isShort ? (1..<page).reduce(0) { $0 + size(of: $1, isShort: true) } : (page - 1) * perPage
        guard begin < list.count else { return [] }
        return list[begin..<min(list.count, begin + size(of: page, isShort: isShort))]
    }

    /// Short pages hold one or two fewer than asked for, never none.
    private func size(of page: Int, isShort: Bool) -> Int { isShort ? max(1, perPage - page % 3) : perPage }

    private static func number(_ query: FormFields, _ name: String, _ standard: Int, _ range: ClosedRange<Int>) throws -> Int {
        guard let text = query[name] else { return standard }
        guard let value = Int(text), range.contains(value) else { throw StravaFault.badRequest("Application", name, "invalid") }
        return value
    }

    private static func epoch(_ query: FormFields, _ name: String) throws -> Int64? {
        guard let text = query[name] else { return nil }
        guard let value = Int64(text) else { throw StravaFault.badRequest("Application", name, "invalid") }
        return value
    }
}
