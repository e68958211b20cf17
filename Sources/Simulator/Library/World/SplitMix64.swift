/// A small random number generator whose whole state is one number: the same seed gives the same world on every machine.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A generator for one thing out of many: athlete 3, activity 17.
    init(_ parts: UInt64...) {
        state = parts.reduce(0x9E37_79B9_7F4A_7C15) { SplitMix64.mix($0 ^ SplitMix64.mix($1 &+ 0x9E37_79B9_7F4A_7C15)) }
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return SplitMix64.mix(state)
    }

    /// A number in `range`.
    mutating func int(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// A number in `range`, in steps of a thousandth of it.
    mutating func double(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * Double(int(0...1000)) / 1000
    }

    /// True once in `n`.
    mutating func oneIn(_ n: Int) -> Bool { next() % UInt64(n) == 0 }

    mutating func pick<Element>(_ list: [Element]) -> Element { list[Int(next() % UInt64(list.count))] }

    /// The finaliser of SplitMix64: every input bit moves every output bit.
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
