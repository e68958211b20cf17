import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// Rate limits (docs/strava-api.md 2).
struct QuotaTests {
    private func options(_ limits: SimulatedLimits?) -> SimulatorOptions {
        var options = SimulatorOptions()
        options.limits = limits
        return options
    }

    @Test func `the call that reaches the limit succeeds, the next is refused and still counts for the day`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock, options: options(.init(quarterHour: 3, day: 100))) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            var answers: [HTTPResponse] = []
            for _ in 1...5 { answers.append(try await visitor.get("/athlete", token: token)) }
            #expect(answers.map(\.status) == [200, 200, 200, 429, 429])
            #expect(answers[2].headers["x-ratelimit-usage"] == "3,3")
            #expect(answers[4].headers["x-ratelimit-usage"] == "5,5")
            #expect(answers[3].errorLine == "Application/rate limit/exceeded")
            #expect(answers[3].headers["retry-after"] == nil)
            // 10:07 to 10:15.
            clock.advance(by: .seconds(8 * 60))
            let next = try await visitor.get("/athlete", token: token)
            #expect(next.status == 200)
            #expect(next.headers["x-ratelimit-usage"] == "1,6")
            #expect(visitor.simulator.quotaWindows.map(\.allowed) == [3, 1])
            #expect(visitor.simulator.quotaWindows.map(\.refused) == [2, 0])
        }
    }

    @Test func `a quarter hour begins on the clock's quarter, not with the first call`() async throws {
        let clock = WallClock.manual(at: monday.addingTimeInterval(7 * 60 + 59))
        try await withSimulator(clock: clock, options: options(.init(quarterHour: 1, day: 100))) { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            #expect(try await visitor.get("/athlete", token: token).status == 200)
            #expect(try await visitor.get("/athlete", token: token).status == 429)
            clock.advance(by: .seconds(1))
            #expect(try await visitor.get("/athlete", token: token).status == 200)
        }
    }

    @Test func `the day's limit holds until midnight in UTC`() async throws {
        let clock = WallClock.manual(at: monday)
        try await withSimulator(clock: clock, options: options(.init(quarterHour: 10, day: 2))) { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone, expiresIn: 200_000).accessToken
            for _ in 1...2 { #expect(try await visitor.get("/athlete", token: token).status == 200) }
            clock.advance(by: .seconds(13 * 3600))
            #expect(try await visitor.get("/athlete", token: token).status == 429)
            clock.advance(by: .seconds(53 * 60))
            #expect(try await visitor.get("/athlete", token: token).headers["x-ratelimit-usage"] == "1,1")
        }
    }

    @Test func `the read bucket can be the smaller one`() async throws {
        let limits = SimulatedLimits(quarterHour: 200, day: 2000, readQuarterHour: 1, readDay: 1000)
        try await withSimulator(options: options(limits)) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let first = try await visitor.get("/athlete", token: token)
            #expect(first.headers["x-ratelimit-limit"] == "200,2000")
            #expect(first.headers["x-readratelimit-limit"] == "1,1000")
            #expect(try await visitor.get("/athlete", token: token).status == 429)
        }
    }

    @Test func `creating an activity is not a read, and its read usage is two empty values`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone, scopes: [.read, .activityRead, .activityWrite]).accessToken
            let created = try await visitor.post("/api/v3/activities", [("name", "By hand")], authorization: "Bearer \(token)")
            #expect(created.status == 201)
            #expect(created.object["manual"] as? Bool == true)
            #expect(created.headers["x-readratelimit-usage"] == ",")
            #expect(created.headers["x-ratelimit-usage"] == "1,1")
            let read = try await visitor.get("/athlete", token: token)
            #expect(read.headers["x-ratelimit-usage"] == "2,2")
            #expect(read.headers["x-readratelimit-usage"] == "1,1")
        }
    }

    @Test func `calls of other programs show in the usage`() async throws {
        try await withSimulator(options: options(.init(quarterHour: 10, day: 100))) { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            visitor.simulator.spendElsewhere(9)
            #expect(try await visitor.get("/athlete", token: token).headers["x-ratelimit-usage"] == "10,10")
            #expect(try await visitor.get("/athlete", token: token).status == 429)
        }
    }

    @Test func `limits can be changed or lifted while it runs`() async throws {
        try await withSimulator(options: options(.init(quarterHour: 1, day: 100))) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            for _ in 1...2 { _ = try await visitor.get("/athlete", token: token) }
            visitor.simulator.limits = nil
            #expect(try await visitor.get("/athlete", token: token).status == 200)
            visitor.simulator.limits = SimulatedLimits(quarterHour: 5, day: 100)
            #expect(try await visitor.get("/athlete", token: token).headers["x-ratelimit-limit"] == "5,100")
        }
    }

    @Test func `a 404 counts and carries no rate limit headers`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let answer = try await visitor.get("/activities/1", token: token)
            #expect(answer.status == 404)
            #expect(answer.headers["x-ratelimit-usage"] == nil)
            #expect(try await visitor.get("/athlete", token: token).headers["x-ratelimit-usage"] == "2,2")
        }
    }

    @Test func `streams can be exempt from counting`() async throws {
        var options = SimulatorOptions()
        options.countsStreams = false
        try await withSimulator(activities: 1, kinds: [.run], options: options) { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let id = visitor.simulator.truth(for: anyone)[0].id
            #expect(try await visitor.get("/activities/\(id)/streams?keys=time", token: token).status == 200)
            #expect(visitor.simulator.quotaWindows.isEmpty)
        }
    }

    @Test func `headers come in three spellings`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let curl = try await rawHeads(visitor.simulator.baseURL, token: token, count: 3)
            let spellings = Set(curl.split(separator: "\r\n").compactMap { $0.split(separator: ":").first }.map(String.init))
            #expect(spellings.isSuperset(of: ["X-RateLimit-Limit", "X-Ratelimit-Limit", "x-ratelimit-limit"]))
        }
    }

    /// The heads of some answers as received, over a plain socket: HTTP libraries ignore the case of names.
    private func rawHeads(_ baseURL: String, token: String, count: Int) async throws -> String {
        let port = try #require(URL(string: baseURL)?.port)
        return try await Task.detached {
            var heads = ""
            for _ in 1...count {
                let socket = LoopbackSocket(try LoopbackSocket.connect(to: port))
                defer { socket.close() }
                let fields = "Host: localhost\r\nAuthorization: Bearer \(token)\r\nConnection: close"
                socket.send(Array("GET /api/v3/athlete HTTP/1.1\r\n\(fields)\r\n\r\n".utf8))
                heads += String(decoding: socket.rest(), as: UTF8.self)
            }
            return heads
        }.value
    }
}
