import Core

/// What happened in the world, as far as Strava tells webhook subscribers about it (docs/strava-api.md 4): nothing of crops, gear
/// or descriptions.
enum WorldEvent: Sendable {
    case created(ActivityRecipe)
    case deleted(ActivityRecipe)
    /// A new title or type.
    case updated(ActivityRecipe, field: String, value: String)
    case visibilityChanged(ActivityRecipe, wasPrivate: Bool)

    var recipe: ActivityRecipe {
        switch self {
        case .created(let recipe), .deleted(let recipe), .updated(let recipe, _, _), .visibilityChanged(let recipe, _): recipe
        }
    }
}
