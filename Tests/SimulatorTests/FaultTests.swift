import Core
import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// Scripted faults and the gate (docs/strava-api.md 8.7).
struct FaultTests {
    @Test func `a fault hits as many matching requests as it says`() async throws {
        try await withSimulator { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let poison = visitor.simulator.truth(for: anyone)[0].id
            visitor.simulator.faults.append(.init(match: .activity(poison), times: 2, response: .status(500, #"{"message":"error"}"#)))
            for status in [500, 500, 200] {
                #expect(try await visitor.get("/athlete", token: token).status == 200)
                #expect(try await visitor.get("/activities/\(poison)", token: token).status == status)
            }
            #expect(visitor.simulator.faults.count == 0)
        }
    }

    @Test func `a fault without end lasts until it is removed`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            visitor.simulator.faults.append(.init(match: .any, times: .forever, response: .html(503)))
            for _ in 1...3 {
                let answer = try await visitor.get("/athlete", token: token)
                #expect(answer.status == 503)
                #expect(answer.headers["content-type"]?.hasPrefix("text/html") == true)
                #expect(answer.headers["x-ratelimit-usage"] == nil)
            }
            visitor.simulator.faults.removeAll()
            #expect(try await visitor.get("/athlete", token: token).headers["x-ratelimit-usage"] == "4,4")
        }
    }

    @Test func `an odd status of the edge is passed on`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            visitor.simulator.faults.append(.init(match: .any, response: .html(597)))
            #expect(try await visitor.get("/athlete", token: token).status == 597)
            visitor.simulator.faults.append(.init(match: .token, response: .html(400)))
            let answer = try await visitor.refresh("whatever")
            #expect(answer.status == 400)
            #expect(answer.json == nil)
        }
    }

    @Test func `a reset breaks the connection`() async throws {
        try await withSimulator { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            visitor.simulator.faults.append(.init(match: .path("/api/v3/athlete"), response: .reset))
            let error = await #expect(throws: HTTPTransportError.self) { try await visitor.get("/athlete", token: token) }
            #expect(error?.code == .reset)
            #expect(error?.mayHaveReachedServer == true)
            #expect(try await visitor.get("/athlete", token: token).status == 200)
            #expect(visitor.simulator.requests.map(\.status) == [0, 200])
        }
    }

    @Test func `an answer can be lost after the refresh token was replaced`() async throws {
        try await withSimulator { (visitor) async throws in
            let issued = visitor.simulator.issueTokens(for: anyone, expiresIn: 10)
            visitor.simulator.faults.append(.init(match: .token, response: .resetAfterEffect))
            await #expect(throws: HTTPTransportError.self) { try await visitor.refresh(issued.refreshToken) }
            #expect(try await visitor.refresh(issued.refreshToken).errorLine == "RefreshToken/refresh_token/invalid")
        }
    }

    @Test func `bodies can be cut, garbled or empty`() async throws {
        try await withSimulator(activities: 1, kinds: [.run]) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let path = "/activities/\(visitor.simulator.truth(for: anyone)[0].id)/streams?keys=time,distance&key_by_type=true"
            visitor.simulator.faults.append(.init(match: .streams, response: .truncatedBody))
            await #expect(throws: HTTPTransportError.self) { try await visitor.get(path, token: token) }
            visitor.simulator.faults.append(.init(match: .streams, response: .malformed))
            let garbled = try await visitor.get(path, token: token)
            #expect(garbled.status == 200)
            #expect(garbled.json == nil)
            visitor.simulator.faults.append(.init(match: .streams, response: .emptyStreams))
            #expect(try await visitor.get(path, token: token).text == "{}")
        }
    }

    @Test func `an answer can take longer than the client waits`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            visitor.simulator.faults.append(.init(match: .any, response: .delay(.seconds(30))))
            var request = HTTPRequest(url: visitor.simulator.apiURL + "/athlete", timeout: .milliseconds(200))
            request.headers = [("Authorization", "Bearer \(token)")]
            let error = await #expect(throws: HTTPTransportError.self) { try await visitor.http.send(request) }
            #expect(error?.code == .timeout)
        }
    }

    @Test func `a gate holds answers until it is opened`() async throws {
        try await withSimulator { (visitor) async throws in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let gate = visitor.simulator.gate(.list)
            async let first = visitor.get("/athlete/activities?page=1", token: token)
            async let second = visitor.get("/athlete/activities?page=2", token: token)
            await gate.waitForHeld(2)
            #expect(try await visitor.get("/athlete", token: token).status == 200)
            #expect(visitor.simulator.requests.map(\.endpoint) == ["athlete"])
            gate.open()
            #expect(try await [first.status, second.status] == [200, 200])
            #expect(try await visitor.get("/athlete/activities", token: token).status == 200)
        }
    }

    @Test func `a test can wait for requests`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            async let seen: Void = visitor.simulator.waitForRequests(3) { $0.endpoint == "athlete" }
            for _ in 1...3 { _ = try await visitor.get("/athlete", token: token) }
            await seen
            #expect(visitor.simulator.requestCount == 3)
            #expect(visitor.simulator.requests.allSatisfy { $0.athlete == anyone && $0.receivedAt == monday })
        }
    }

    @Test func `an inactive application may refresh but gets no data`() async throws {
        try await withSimulator { visitor in
            let issued = visitor.simulator.issueTokens(for: anyone)
            visitor.simulator.isAppInactive = true
            let answer = try await visitor.get("/athlete", token: issued.accessToken)
            #expect(answer.status == 403)
            #expect(answer.errorLine == "Application/Status/Inactive")
            #expect(try await visitor.refresh(issued.refreshToken).status == 200)
            visitor.simulator.isAppInactive = false
            #expect(try await visitor.get("/athlete", token: issued.accessToken).status == 200)
        }
    }

    @Test func `it stops while answers are held, and comes back at the same port`() async throws {
        let world = SimulatorWorld(seed: 1, epoch: monday, athleteCount: 1, activitiesEach: 3)
        let simulator = StravaSimulator(world: world, clock: .manual(at: monday))
        let port = try await simulator.start()
        let token = simulator.issueTokens(for: anyone).accessToken
        let gate = simulator.gate(.any)
        let http = HTTPClient(inFlightMax: 2, userAgent: "simulator tests")
        let visitor = Visitor(simulator: simulator, http: http)
        async let held = try? visitor.get("/athlete", token: token)
        await gate.waitForHeld()
        await simulator.stop()
        _ = await held
        // Another test's connection may have been given the port meanwhile.
        try await eventually("the port is free again", within: .seconds(120)) {
            do { return try await simulator.start() == port } catch { return false }
        }
        #expect(try await visitor.get("/athlete", token: token).status == 200)
        await http.shutdown()
        await simulator.stop()
    }
}
