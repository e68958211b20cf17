/// How an activity is cut into laps: equal parts of its points, borders shared by index.
enum Laps {
    struct Lap {
        let number: Int
        let start: Int
        let end: Int
    }

    /// Recordings without streams have one lap, manual activities none.
    static func count(_ recipe: ActivityRecipe) -> Int {
        if recipe.kind == .manual { return 0 }
        return recipe.keptPoints < 240 ? 1 : 1 + Int(recipe.seed % 5)
    }

    static func all(_ recipe: ActivityRecipe) -> [Lap] {
        let count = count(recipe)
        let last = max(0, recipe.keptPoints - 1)
        return (0..<count).map { Lap(number: $0 + 1, start: last * $0 / count, end: last * ($0 + 1) / count) }
    }
}
