import Core
import Foundation

extension SimulatorWorld {
    /// The demo: 5 athletes with 250 activities of mixed kinds, and a new one about every 45 seconds.
    ///
    /// Keep the epoch of a first start to see the same world again.
    public static func demo(seed: UInt64 = 1, epoch: Date) -> SimulatorWorld {
        let counts = [60, 55, 50, 45, 40]
        let specs = counts.enumerated().map { place, count in
            AthleteSpec(id: AthleteID(4_200_001 + Int64(place)), activityCount: count, isSubscriber: place != 3)
        }
        return SimulatorWorld(
            seed: seed, epoch: epoch, athletes: specs, live: LivePlan(interval_s: 45 * Double(counts.count), countMax: 500))
    }
}
