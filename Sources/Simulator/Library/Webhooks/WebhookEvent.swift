import Core
import Foundation

/// An event as Strava posts it: always seven fields, the values of `updates` always strings.
public struct WebhookEvent: Sendable, Equatable {
    public enum Object: String, Sendable { case activity, athlete }
    public enum Aspect: String, Sendable { case create, update, delete }

    public let object: Object
    public let objectID: Int64
    public let aspect: Aspect
    public let owner: AthleteID
    public let eventAt: Date
    public let updates: [String: String]

    public init(
        object: Object, objectID: Int64, aspect: Aspect, owner: AthleteID, eventAt: Date, updates: [String: String] = [:]
    ) {
        self.object = object
        self.objectID = objectID
        self.aspect = aspect
        self.owner = owner
        self.eventAt = eventAt
        self.updates = updates
    }

    static func deauthorized(_ athlete: AthleteID, at_s: Int64) -> WebhookEvent {
        .init(
            object: .athlete, objectID: athlete.rawValue, aspect: .update, owner: athlete, eventAt: Date(epoch_s: at_s),
            updates: ["authorized": "false"])
    }

    /// - Parameter seesPrivate: whether the athlete granted `activity:read_all`; without it hiding looks like deleting.
    static func from(_ event: WorldEvent, seesPrivate: Bool, at_s: Int64) -> WebhookEvent? {
        func about(_ recipe: ActivityRecipe, _ aspect: Aspect, _ updates: [String: String] = [:]) -> WebhookEvent? {
            if recipe.visibility == .onlyMe, !seesPrivate, aspect != .delete { return nil }
            return .init(
                object: .activity, objectID: recipe.id.rawValue, aspect: aspect, owner: recipe.athlete,
                eventAt: Date(epoch_s: at_s), updates: updates)
        }
        switch event {
        case .created(let recipe): return about(recipe, .create)
        case .deleted(let recipe): return about(recipe, .delete)
        case .updated(let recipe, let field, let value): return about(recipe, .update, [field: value])
        case .visibilityChanged(let recipe, let wasPrivate):
            if !seesPrivate { return about(recipe, wasPrivate ? .create : .delete) }
            return about(recipe, .update, ["private": wasPrivate ? "false" : "true"])
        }
    }

    func body(subscription: Int) -> [UInt8] {
        JSONWriter.object { json in
            json.field("object_type", object.rawValue)
            json.field("object_id", objectID)
            json.field("aspect_type", aspect.rawValue)
            json.field("updates", object: { for (name, value) in updates.sorted(by: { $0.key < $1.key }) { $0.field(name, value) } })
            json.field("owner_id", owner.rawValue)
            json.field("subscription_id", subscription)
            json.field("event_time", eventAt.epoch_s)
        }
    }
}
