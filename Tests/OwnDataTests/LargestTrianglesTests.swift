import Foundation
import TestKit
import Testing

@testable import OwnData

@Suite struct LargestTrianglesTests {
    @Test func `a short curve stays as it is`() {
        #expect(LargestTriangles.indexes(of: [[1, 2, 3]], count: 3, max: 3) == [0, 1, 2])
        #expect(LargestTriangles.indexes(of: [], count: 0, max: 2) == [])
        #expect(LargestTriangles.indexes(of: [[1]], count: 1, max: 2) == [0])
    }

    @Test func `the corner of a curve is kept, worked out by hand`() {
        // Buckets of 1 to 3 and 4 to 6. With point 0 and the mean of 4 to 6, point 3 makes the largest triangle.
        let curve: [Double?] = [0, 0, 0, 10, 0, 0, 0, 0]
        #expect(LargestTriangles.indexes(of: [curve], count: 8, max: 4) == [0, 3, 4, 7])
        #expect(LargestTriangles.indexes(of: [curve], count: 8, max: 3) == [0, 3, 7])
        #expect(LargestTriangles.indexes(of: [curve], count: 8, max: 2) == [0, 7])
    }

    @Test func `a curve in small units counts as much as one in large units`() {
        let large = (0..<100).map { Optional($0 == 30 ? 9_000.0 : 0) }
        let small = (0..<100).map { Optional($0 == 60 ? 0.001 : 0) }
        let kept = LargestTriangles.indexes(of: [large, small], count: 100, max: 10)
        #expect(kept.contains(30) && kept.contains(60))
    }

    @Test func `whatever the curves, the points rise from the first to the last, as many as asked for`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<500 {
            let count = Int.random(in: 2...400, using: &random)
            let most = Int.random(in: 2...count, using: &random)
            let curves = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                (0..<count).map { _ in Int.random(in: 0...3, using: &random) == 0 ? nil : Double.random(in: -5...5, using: &random) }
            }
            let kept = LargestTriangles.indexes(of: curves, count: count, max: most)
            #expect(kept.count == min(count, most) && kept.first == 0 && kept.last == count - 1)
            #expect(zip(kept, kept.dropFirst()).allSatisfy { $0 < $1 }, "\(count) \(most)")
        }
    }
}
