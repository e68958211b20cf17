import Core
import Foundation
import Simulator
import Warehouse

/// Answers about athletes of the simulator's world, ready in memory: what a sync would hand to the writer.
struct Material: Sendable {
    struct Activity: Sendable {
        let id: ActivityID
        let startAt: Date
        let manual: Bool
        let points: Int
        let summary: [UInt8]
        let detail: [UInt8]
        let streams: [UInt8]?

        init(_ truth: ActivityTruth, in world: SimulatorWorld) {
            id = truth.id
            startAt = truth.startAt
            manual = truth.isManual
            streams = truth.streamsBody
            points = streams == nil ? 0 : truth.pointCount
            summary = truth.summaryBody
            detail = world.detailBody(of: truth.id) ?? []
        }
    }

    let athlete: AthleteID
    let profile: [UInt8]
    let zones: [UInt8]
    let activities: [Activity]

    var points: Int { activities.reduce(0) { $0 + $1.points } }

    init(_ athlete: AthleteID, in world: SimulatorWorld) {
        self.athlete = athlete
        profile = world.profileBody(of: athlete) ?? []
        zones = world.zonesBody(of: athlete) ?? []
        activities = world.truth(for: athlete).map { Activity($0, in: world) }
    }
}
