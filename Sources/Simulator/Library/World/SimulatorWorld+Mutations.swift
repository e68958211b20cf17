import Core
import Foundation

/// What athletes do to their accounts. Each answers false when there is no such activity.
extension SimulatorWorld {
    /// An upload: late (an old start date), future-dated, or with streams that are not ready yet.
    @discardableResult
    public func addActivity(to athlete: AthleteID, _ wish: NewActivity) -> ActivityID {
        let seed = self.seed
        guard let recipe = withRecord(athlete, { $0.add(wish, worldSeed: seed) }) else {
            preconditionFailure("athlete \(athlete) is not in this world")
        }
        report(.created(recipe))
        return recipe.id
    }

    @discardableResult
    public func delete(_ id: ActivityID) -> Bool {
        guard let recipe = withRecord(holding: id, { $0.remove(id) }) else { return false }
        report(.deleted(recipe))
        return true
    }

    /// Cuts the end off: same id, other figures, shorter streams, no webhook event.
    @discardableResult
    public func crop(_ id: ActivityID, keeping share: Double) -> Bool {
        edit(id) { $0.keptPoints = min($0.keptPoints, max(2, Int(Double($0.keptPoints) * share))) } != nil
    }

    @discardableResult
    public func rename(_ id: ActivityID, to name: String) -> Bool {
        guard let recipe = edit(id, { $0.name = name }) else { return false }
        report(.updated(recipe, field: "title", value: name))
        return true
    }

    @discardableResult
    public func changeSport(_ id: ActivityID, sportType: String, type: String) -> Bool {
        let recipe = edit(id) {
            $0.sportType = sportType
            $0.legacyType = type
        }
        guard let recipe else { return false }
        report(.updated(recipe, field: "type", value: type))
        return true
    }

    @discardableResult
    public func setVisibility(_ id: ActivityID, _ visibility: ActivityVisibility) -> Bool {
        var wasPrivate = false
        let recipe = edit(id) {
            wasPrivate = $0.visibility == .onlyMe
            $0.visibility = visibility
        }
        guard let recipe else { return false }
        if wasPrivate != (visibility == .onlyMe) { report(.visibilityChanged(recipe, wasPrivate: wasPrivate)) }
        return true
    }

    @discardableResult
    public func makePrivate(_ id: ActivityID) -> Bool { setVisibility(id, .onlyMe) }

    /// Another bike or pair of shoes, or none; no webhook event.
    @discardableResult
    public func changeGear(_ id: ActivityID, to gearID: String?) -> Bool {
        edit(id) { $0.gearID = gearID } != nil
    }

    /// Hides or shows the start time: listed as midnight and one second of its day.
    @discardableResult
    public func hideStartTime(_ id: ActivityID, _ hidden: Bool = true) -> Bool {
        edit(id) { $0.hidesStart = hidden } != nil
    }

    private func edit(_ id: ActivityID, _ change: (inout ActivityRecipe) -> Void) -> ActivityRecipe? {
        withRecord(holding: id) { $0.edit(id, change) }
    }
}
