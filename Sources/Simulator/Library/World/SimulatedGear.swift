/// A bike or a pair of shoes.
public struct SimulatedGear: Sendable, Hashable {
    public let id: String
    public let name: String
    public let isBike: Bool
    /// Gone from GET /athlete, still on activities.
    public let isRetired: Bool
    public let distance_m: Int

    /// The gear of the athlete at this place in the world: a bike, a pair of shoes, a retired pair.
    static func all(ordinal: Int) -> [SimulatedGear] {
        let number = 16_000_000 + ordinal * 10
        return [
            .init(id: "b\(number)", name: "Trek ", isBike: true, isRetired: false, distance_m: 1_204_000),
            .init(id: "g\(number + 1)", name: "Adizero SL2", isBike: false, isRetired: false, distance_m: 336_329),
            .init(id: "g\(number + 2)", name: "Supernova ST", isBike: false, isRetired: true, distance_m: 966_309),
        ]
    }
}
