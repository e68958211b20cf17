import Core

/// One athlete's account: recipes newest first, extended by live activities as time goes on. A value; the world guards it.
struct AthleteRecord: Sendable {
    let spec: AthleteSpec
    let ordinal: Int
    private(set) var recipes: [ActivityRecipe] = []
    private var liveCount = 0
    private var addedCount = 0

    init(spec: AthleteSpec, ordinal: Int, worldSeed: UInt64, epoch_s: Int64) {
        self.spec = spec
        self.ordinal = ordinal
        let maker = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal)
        recipes = (0..<spec.activityCount).map { maker.history($0, epoch_s: epoch_s) }
        recipes.sort(by: Self.newestFirst)
    }

    mutating func addLive(_ plan: LivePlan, athletes: Int, worldSeed: UInt64, epoch_s: Int64, now_s: Int64) {
        let due = plan.count(ordinal: ordinal, athletes: athletes, epoch_s: epoch_s, now_s: now_s)
        guard due > liveCount else { return }
        let maker = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal)
        for index in liveCount..<due {
            let appears = plan.appears(index, ordinal: ordinal, athletes: athletes, epoch_s: epoch_s)
            insert(maker.live(index, appears_s: appears, pointsMax: plan.pointsMax))
        }
        liveCount = due
    }

    mutating func add(_ wish: NewActivity, worldSeed: UInt64) -> ActivityRecipe {
        let recipe = RecipeMaker(worldSeed: worldSeed, spec: spec, ordinal: ordinal).added(addedCount, wish)
        addedCount += 1
        insert(recipe)
        return recipe
    }

    func recipe(_ id: ActivityID) -> ActivityRecipe? { recipes.first { $0.id == id } }

    mutating func remove(_ id: ActivityID) -> ActivityRecipe? {
        guard let index = recipes.firstIndex(where: { $0.id == id }) else { return nil }
        return recipes.remove(at: index)
    }

    /// Edits a recipe and puts it where its start date belongs. Nil when there is none with this id.
    mutating func edit(_ id: ActivityID, _ change: (inout ActivityRecipe) -> Void) -> ActivityRecipe? {
        guard var recipe = remove(id) else { return nil }
        change(&recipe)
        recipe.version += 1
        insert(recipe)
        return recipe
    }

    private mutating func insert(_ recipe: ActivityRecipe) {
        let index = recipes.firstIndex { Self.newestFirst(recipe, $0) } ?? recipes.count
        recipes.insert(recipe, at: index)
    }

    private static func newestFirst(_ left: ActivityRecipe, _ right: ActivityRecipe) -> Bool {
        let (leftStart, rightStart) = (left.listedStart_s, right.listedStart_s)
        return leftStart != rightStart ? leftStart > rightStart : left.id > right.id
    }
}
