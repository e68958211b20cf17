/// A kind of activity: its names at Strava and which streams such an activity has.
public enum ActivityKind: String, CaseIterable, Sendable {
    case run, trailRun, treadmill, ride, virtualRide, indoorRide, swim, hike
    /// Has no sensor data: Strava answers 404 for its streams.
    case weightTraining
    /// Typed in by hand: no upload, no streams (404).
    case manual
    /// A sport that no list of today names; an importer must let it pass.
    case unheardOf

    /// The kinds of an athlete who does a bit of everything.
    public static let mixed: [ActivityKind] = [
        .run, .run, .run, .run, .ride, .ride, .ride, .trailRun, .trailRun, .virtualRide, .indoorRide, .swim, .swim, .hike,
        .treadmill, .weightTraining, .manual, .unheardOf,
    ]

    /// The newer, finer name.
    public var sportType: String {
        switch self {
        case .run, .treadmill, .manual: "Run"
        case .trailRun: "TrailRun"
        case .ride, .indoorRide: "Ride"
        case .virtualRide: "VirtualRide"
        case .swim: "Swim"
        case .hike: "Hike"
        case .weightTraining: "WeightTraining"
        case .unheardOf: "BogSnorkelling"
        }
    }

    /// The older, coarser name.
    var legacyType: String {
        switch self {
        case .trailRun: "Run"
        case .unheardOf: "Workout"
        default: sportType
        }
    }

    public var hasStreams: Bool { self != .manual && self != .weightTraining }
    var hasPosition: Bool { [.run, .trailRun, .ride, .virtualRide, .hike, .unheardOf].contains(self) }
    var hasAltitude: Bool { hasPosition || self == .indoorRide }
    /// Indoor rides were recorded without `distance`, while altitude, speed and grade are there and full of zeros.
    var hasDistance: Bool { hasStreams && self != .indoorRide }
    var isTrainer: Bool { [.treadmill, .virtualRide, .indoorRide, .weightTraining].contains(self) }
    var isRun: Bool { [.run, .trailRun, .treadmill].contains(self) }
    var isRide: Bool { [.ride, .virtualRide, .indoorRide].contains(self) }
    var hasCadence: Bool { isRun || isRide }
    var hasTemperature: Bool { hasPosition && self != .virtualRide }

    /// Mean speed while moving, in m/s.
    var speed_mps: ClosedRange<Double> {
        switch self {
        case .run, .manual, .treadmill: 2.5...3.8
        case .trailRun: 1.8...2.8
        case .ride, .virtualRide: 6...10
        case .indoorRide, .weightTraining: 0...0
        case .swim: 0.7...1.2
        case .hike, .unheardOf: 0.9...1.5
        }
    }

    /// Half the height between valley and top, in m.
    var hill_m: ClosedRange<Double> {
        switch self {
        case .run: 2...15
        case .trailRun, .hike: 40...150
        case .ride, .virtualRide, .unheardOf: 10...90
        default: 0...0
        }
    }
}
