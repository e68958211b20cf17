import ControlAPI
import Core
import Foundation
import Identity
import TestKit
import Testing

@testable import ControlServer

@Suite struct LinkCommandTests {
    private func secret(_ url: String, at place: String) throws -> WebSecret {
        let found = try #require(url.wholeMatch(of: #/(http:\/\/[^?]+)\/enter\?link=([A-Za-z0-9_-]{43})\n?/#))
        #expect(found.1 == place)
        return try #require(WebSecret(found.2))
    }

    @Test func `an admin's link is printed alone, holds once, and is recorded without itself`() async throws {
        try await ControlHarness.serve { daemon in
            let ending = try await Tool.run(["admin-link", "--for", "2h"], socket: daemon.socketPath)
            #expect(ending.code == 0 && ending.err.contains("once; who uses it stays signed in for 2 h"))
            let link = try secret(ending.out, at: "http://127.0.0.1:8081")
            let desk = WebSessionDesk(database: daemon.database)
            #expect(try await desk.standing(of: link) == .usable(isAdmin: true))
            let begun = try #require(try await desk.enter(link, admins: true, athletes: false))
            #expect(begun.lasts_s == 7_200)
            let holder = try #require(try await desk.session(begun.secret)).holder
            #expect(holder == .admin(userID: geteuid(), userName: Accounts.userName(geteuid())))
            #expect(try await desk.enter(link, admins: true, athletes: true) == nil)
            let audit: AuditMessage = try await daemon.client.send(ControlTarget(.audit))
            #expect(audit.requests.map(\.action) == ["admin_link"] && audit.requests[0].parameters == ["for_s": .whole(7_200)])
            let plain = try await Tool.run(["admin-link", "--json"], socket: daemon.socketPath)
            let message = try ControlJSON.decode(PageLinkMessage.self, from: Array(plain.out.utf8))
            #expect(message.lastsS == 43_200)
        }
    }

    @Test func `an athlete's link opens this athlete alone`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let ending = try await Tool.run(["athletes", "link", "7", "--days", "5"], socket: daemon.socketPath)
            #expect(ending.code == 0 && ending.err.contains("stays signed in for 5 d"))
            let desk = WebSessionDesk(database: daemon.database)
            let link = try secret(ending.out, at: "http://localhost:8080")
            #expect(try await desk.enter(link, admins: true, athletes: false) == nil, "not as an admin")
            let begun = try #require(try await desk.enter(link, admins: false, athletes: true))
            #expect(try await desk.session(begun.secret)?.holder == .athlete(AthleteID(7), showsPlaces: true))
            let unknown = try await Tool.run(["athletes", "link", "8"], socket: daemon.socketPath)
            #expect(unknown.code == 1 && unknown.err.contains("there is no athlete 8"))
        }
    }

    @Test(arguments: [
        ["admin-link", "--for", "30s"], ["admin-link", "--for", "31d"], ["admin-link", "--for", "x"], ["athletes", "link"],
        ["athletes", "link", "x"], ["athletes", "link", "7", "--days", "0"], ["athletes", "link", "7", "--days", "366"],
    ])
    func `what can't be asked for is refused before the daemon is asked`(arguments: [String]) async throws {
        #expect(try await Tool.run(arguments, socket: "/nonexistent/socket").code == 2)
    }

    @Test func `without the pages there is no link to them`() async throws {
        try await ControlHarness.serve(publicURL: nil) { daemon in
            try await daemon.addAthlete(7)
            let admin = try await Tool.run(["admin-link"], socket: daemon.socketPath)
            #expect(admin.code == 1 && admin.err.contains("FITNESSD_ADMIN_LISTEN"))
            let athlete = try await Tool.run(["athletes", "link", "7"], socket: daemon.socketPath)
            #expect(athlete.code == 1 && athlete.err.contains("FITNESSD_HTTP_LISTEN"))
        }
    }

    @Test func `the pages may look without an account, and change something with one`() async throws {
        try await ControlHarness.serve { daemon in
            let looked = try await daemon.local.answer(ControlTarget(.status), by: nil)
            #expect(looked.status == 200 && (try? ControlJSON.decode(StatusMessage.self, from: looked.body)) != nil)
            let refused = try await daemon.local.answer(ControlTarget(.pauseAll), by: nil)
            #expect(refused.status == 403)
            let done = try await daemon.local.answer(ControlTarget(.pauseAll), by: AdminAccount(id: 4_242, name: "carol"))
            #expect(done.status == 202)
            let audit: AuditMessage = try await daemon.client.send(ControlTarget(.audit))
            #expect(
                audit.requests.map(\.outcome) == ["done", "refused"] && audit.requests[0].user == "carol"
                    && audit.requests[0].userID == 4_242)
            let stream = try await daemon.local.answer(ControlTarget(.events), by: nil)
            #expect(stream.status == 400)
        }
    }
}
