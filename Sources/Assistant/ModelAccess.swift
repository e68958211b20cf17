/// What assistants may see: `FITNESSD_MODEL_ACCESS`.
///
/// Strava's API policy forbids giving data from its API to models. An athlete's own files and archive are the athlete's to give.
public enum ModelAccess: String, Sendable, CaseIterable {
    /// All but rows of the API and what is made from them.
    case own
    case all
    /// Nothing: `/mcp` is closed.
    case off
}
