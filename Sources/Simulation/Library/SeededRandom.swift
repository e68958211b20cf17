import Foundation

/// A random generator (splitmix64) that gives the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }

    /// A wait of a Poisson process, in the unit of `mean`.
    mutating func wait(mean: Double) -> Double { -log(Double.random(in: 1e-12...1, using: &self)) * mean }

    /// The logarithm is normal with this median and spread.
    mutating func logNormal(median: Double, sigma: Double) -> Double {
        let (one, two) = (Double.random(in: 1e-12...1, using: &self), Double.random(in: 0..<1, using: &self))
        return median * exp(sigma * (-2 * log(one)).squareRoot() * cos(2 * .pi * two))
    }
}
