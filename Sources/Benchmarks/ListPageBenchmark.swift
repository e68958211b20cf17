import Core
import Foundation
import Simulator
import StravaAPI

/// How fast a page of the activity list is read: split into elements, parsed, fingerprinted. The rival only parses it, with Foundation.
struct ListPageBenchmark {
    let rounds: Int

    private static let activities = 200
    private static let pagesPerRound = 20

    func run() throws -> Report {
        let world = SimulatorWorld(seed: 7, epoch: Date(), athleteCount: 1, activitiesEach: Self.activities, points: 2...3)
        guard let athlete = world.athleteIDs.first else { throw BenchFailure("the world is empty") }
        let summaries = world.truth(for: athlete).map(\.summaryBody)
        let page = Array("[".utf8) + summaries.joined(separator: Array(",".utf8)) + Array("]".utf8)
        var (ours, rival) = ([Double](), [Double]())
        for _ in 0..<rounds {
            ours.append(try rate(page) { if try ActivityPage(body: page).activities.count != summaries.count { throw Unreadable() } })
            rival.append(try rate(page) { _ = try JSONSerialization.jsonObject(with: Data(page)) })
        }
        var report = Report()
        report.rate(
            "reading a list page of \(Self.activities) activities, \(page.count / 1000) kB", "MB/s", ours.median,
            against: "JSONSerialization", rival.median, target: "1")
        return report
    }

    private func rate(_ page: [UInt8], _ body: () throws -> Void) rethrows -> Double {
        let begin = ContinuousClock.now
        for _ in 0..<Self.pagesPerRound { try body() }
        return Double(page.count * Self.pagesPerRound) / 1e6 / (ContinuousClock.now - begin).seconds
    }

    private struct Unreadable: Error {}
}
