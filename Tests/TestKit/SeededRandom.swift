import Foundation

/// Random numbers that can be repeated with their seed (SplitMix64).
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// The seed of random tests. It is the same in every run, so that a result depends on the change and not on luck.
///
/// `FITNESS_TEST_MODEL_SEED` sets another one, to search for faults.
public let modelSeed: UInt64 = ProcessInfo.processInfo.environment["FITNESS_TEST_MODEL_SEED"].flatMap(UInt64.init) ?? 567_867_469
