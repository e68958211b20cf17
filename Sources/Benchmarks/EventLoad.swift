import Foundation
import HTTPTransport

/// Sends events to a running daemon at a steady rate, as Strava would, and measures how long each answer takes: from the instant at which the
/// event was due to be sent, so that a daemon that falls behind is seen.
struct EventLoad {
    /// More events than this are never under way: beyond it, the daemon has fallen behind for good.
    private static let openMax = 4_000

    /// The callback's address, with its secret path.
    let url: String
    let athletes: [Int64]
    let ratePerSecond: Double
    let duration_s: Double

    /// - Parameters:
    ///   - file: the callback's address in the first line, an athlete's number in each further one.
    init(file: String, ratePerSecond: Double, duration_s: Double) throws {
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
        guard let url = lines.first, lines.count > 1, ratePerSecond > 0, duration_s > 0 else {
            throw BenchFailure("the file must have the callback's address and athletes")
        }
        self.url = url
        athletes = lines.dropFirst().compactMap { Int64($0) }
        self.ratePerSecond = ratePerSecond
        self.duration_s = duration_s
    }

    /// Prints: events sent, answers other than 200, and the answers' times in milliseconds: median, 99th percentile, longest.
    func run() async throws {
        let http = HTTPClient(inFlightMax: 64, userAgent: "event-load")
        let answers = try await send(with: http)
        await http.shutdown()
        let times = answers.map(\.time_s).sorted()
        guard let longest = times.last else { throw BenchFailure("no event was sent") }
        let refused = answers.count { $0.status != 200 }
        let at = { (share: Double) in times[min(times.count - 1, Int(Double(times.count) * share))] * 1000 }
        print(String(format: "%d %d %.1f %.1f %.1f", answers.count, refused, at(0.5), at(0.99), longest * 1000))
    }

    private func send(with http: HTTPClient) async throws -> [(status: Int, time_s: Double)] {
        let count = Int(ratePerSecond * duration_s)
        let start = ContinuousClock.now
        return await withTaskGroup(of: (Int, Double).self) { group in
            var answers: [(status: Int, time_s: Double)] = []
            for number in 0..<count {
                let due = start + .seconds(Double(number) / ratePerSecond)
                if due > .now { do { try await Task.sleep(until: due, tolerance: .zero) } catch { break } }
                if number - answers.count >= Self.openMax, let answer = await group.next() { answers.append(answer) }
                group.addTask {
                    let status = await self.post(number, with: http)
                    let time = due.duration(to: .now).components
                    return (status, Double(time.seconds) + Double(time.attoseconds) / 1e18)
                }
            }
            for await answer in group { answers.append(answer) }
            return answers
        }
    }

    /// 0: no answer.
    private func post(_ number: Int, with http: HTTPClient) async -> Int {
        let body = """
            {"object_type":"activity","object_id":\(1_000_000 + number),"aspect_type":"create","updates":{},\
            "owner_id":\(athletes[number % athletes.count]),"subscription_id":1,"event_time":\(Int(Date().timeIntervalSince1970))}
            """
        let request = HTTPRequest(
            method: .post, url: url, headers: [("Content-Type", "application/json")], body: Array(body.utf8), timeout: .seconds(10))
        do { return try await http.send(request).status } catch { return 0 }
    }
}
