import Core
import Foundation
import Simulator
import Testing

/// GET /athlete/activities (docs/strava-api.md 3.2).
struct ListTests {
    @Test func `without bounds the newest come first, page after page, until an empty one`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            var ids: [Int64] = []
            for page in 1...4 { ids += try await visitor.list("per_page=15&page=\(page)", token: token).ids }
            #expect(ids == visitor.simulator.truth(for: anyone).map(\.id.rawValue))
            #expect(ids.count == 40)
            #expect(try await visitor.list("per_page=15&page=4", token: token).isEmpty)
        }
    }

    @Test func `a page has thirty elements by default and two hundred at most`() async throws {
        try await withSimulator(activities: 230) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            #expect(try await visitor.list("", token: token).count == 30)
            #expect(try await visitor.list("per_page=200", token: token).count == 200)
            let refused = try await visitor.get("/athlete/activities?per_page=201", token: token)
            #expect(refused.status == 400)
            #expect(refused.object["message"] as? String == "Bad Request")
        }
    }

    @Test func `with after alone the oldest come first, with both bounds the newest`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let truth = visitor.simulator.truth(for: anyone)
            let after = Int(truth[30].startAt.timeIntervalSince1970)
            let before = Int(truth[10].startAt.timeIntervalSince1970)
            let ascending = try await visitor.list("after=\(after)&per_page=200", token: token)
            #expect(ascending.ids == truth.prefix(30).reversed().map(\.id.rawValue))
            let between = try await visitor.list("after=\(after)&before=\(before)&per_page=200", token: token)
            #expect(between.ids == truth[11..<30].map(\.id.rawValue))
            let older = try await visitor.list("before=\(before)&per_page=200", token: token)
            #expect(older.ids == truth[11...].map(\.id.rawValue))
        }
    }

    @Test func `an after in the future is refused`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let now = Int(monday.timeIntervalSince1970)
            let refused = try await visitor.get("/athlete/activities?after=\(now + 1)", token: token)
            #expect(refused.status == 400)
            #expect(refused.errorLine == "Application/after/future")
            #expect(try await visitor.list("after=\(now)", token: token).isEmpty)
        }
    }

    @Test func `without read_all a token does not see activities for the athlete alone`() async throws {
        try await withSimulator { (visitor) async throws in
            let truth = visitor.simulator.truth(for: anyone)
            let hidden = truth[5].id
            visitor.simulator.world.makePrivate(hidden)
            let all = visitor.simulator.issueTokens(for: anyone).accessToken
            let some = visitor.simulator.issueTokens(for: anyone, scopes: [.read, .activityRead]).accessToken
            #expect(try await visitor.list("per_page=200", token: all).ids.contains(hidden.rawValue))
            #expect(try await !visitor.list("per_page=200", token: some).ids.contains(hidden.rawValue))
            #expect(try await visitor.get("/activities/\(hidden)", token: all).object["private"] as? Bool == true)
            #expect(try await visitor.get("/activities/\(hidden)", token: some).status == 404)
        }
    }

    @Test func `short pages lose nothing and repeat nothing`() async throws {
        var options = SimulatorOptions()
        options.hasShortPages = true
        try await withSimulator(options: options) { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            var ids: [Int64] = []
            var sizes: [Int] = []
            for page in 1...20 {
                let list = try await visitor.list("per_page=10&page=\(page)", token: token)
                if list.isEmpty { break }
                ids += list.ids
                sizes.append(list.count)
            }
            #expect(ids == visitor.simulator.truth(for: anyone).map(\.id.rawValue))
            #expect(sizes.dropLast().contains { $0 < 10 })
        }
    }

    @Test func `an upload during a walk shifts the pages`() async throws {
        try await withSimulator { visitor in
            let token = visitor.simulator.issueTokens(for: anyone).accessToken
            let first = try await visitor.list("per_page=10&page=1", token: token).ids
            visitor.simulator.world.addActivity(to: anyone, NewActivity(startAt: monday.addingTimeInterval(-60)))
            let second = try await visitor.list("per_page=10&page=2", token: token).ids
            #expect(second.first == first.last)
        }
    }

    @Test func `ids do not follow dates`() async throws {
        try await withSimulator { visitor in
            let ids = visitor.simulator.truth(for: anyone).map(\.id)
            #expect(ids != ids.sorted(by: >))
            #expect(Set(ids).count == ids.count)
            #expect(ids.allSatisfy { $0.rawValue > 1 << 32 })
        }
    }
}
