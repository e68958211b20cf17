import ControlAPI
import Foundation
import Synchronization
import TestKit
import Testing

@Suite struct TokenCommandTests {
    private func tokens(_ daemon: ControlHarness, _ arguments: String...) async throws -> Tool.Ending {
        try await Tool.run(["tokens"] + arguments, socket: daemon.socketPath)
    }

    @Test func `a token is printed once, listed without its text, and revoked`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let empty = try await tokens(daemon, "list")
            #expect(empty.out.hasPrefix("no tokens;"))
            let issued = try await tokens(daemon, "issue", "--uid", "anna", "--days", "5", "--scope", "sync,read")
            #expect(issued.code == 0 && issued.out.wholeMatch(of: #/fitnessd_[0-9A-Za-z]{43}\n/#) != nil)
            #expect(issued.err.contains("of anna, athlete 7: read, sync; expires") && !issued.err.contains("fitnessd_"))
            let listed = try await tokens(daemon, "list")
            let row = listed.out.split(separator: "\n").last?.split(separator: " ").map(String.init) ?? []
            #expect(Array(row.dropFirst().prefix(5)) == ["anna", "7", "read,sync", "active", "never"] && !listed.out.contains("fitnessd_"))
            let id = try #require(row.first)
            let revoked = try await tokens(daemon, "revoke", id)
            #expect(revoked.code == 0 && revoked.out.contains(" revoked "))
            #expect(try await tokens(daemon, "revoke", id, "--json").out.contains(#""state":"revoked""#))
        }
    }

    @Test func `a token reads for 90 days unless told otherwise`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let ending = try await tokens(daemon, "issue", "--uid=anna", "--json")
            let message = try ControlJSON.decode(IssuedTokenMessage.self, from: Array(ending.out.utf8))
            #expect(message.issued.scopes == ["read"] && message.issued.state == "active" && message.issued.athleteID == 7)
            #expect(message.issued.expiresAt.timeIntervalSince(message.issued.createdAt) == 90 * 86_400)
            let bare: IssuedTokenMessage = try await daemon.client.send(
                ControlTarget(.issueToken), body: IssueTokenRequest(uid: "anna", days: nil, scopes: nil))
            #expect(bare.issued.scopes == ["read"] && bare.token != message.token)
            let help = try await Tool.run(["tokens", "issue", "--help"])
            #expect(help.out.contains("default: 90") && help.out.contains("default: read"))
        }
    }

    @Test func `the list is of one uid if asked, in the order of the numbers`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            try await daemon.addAthlete(8, uid: "a+b")
            for uid in ["anna", "a+b", "anna"] { _ = try await tokens(daemon, "issue", "--uid", uid) }
            let all: TokensMessage = try await daemon.client.send(ControlTarget(.tokens))
            #expect(all.tokens.map(\.uid) == ["anna", "a+b", "anna"])
            let one: TokensMessage = try await daemon.client.send(ControlTarget(.tokens, query: [("uid", "a+b")]))
            #expect(one.tokens.map(\.athleteID) == [8])
        }
    }

    private static let refused: [(arguments: [String], code: Int32)] = [
        (["issue", "--uid", "nobody"], 1), (["issue", "--uid", "a b"], 1), (["issue"], 2), (["issue", "--uid", ""], 2),
        (["issue", "--uid", "anna", "--days", "0"], 2), (["issue", "--uid", "anna", "--days", "3651"], 2),
        (["issue", "--uid", "anna", "--scope", "admin"], 2), (["issue", "--uid", "anna", "--scope", "read,"], 2),
        (["issue", "--uid", "anna", "--scope", ""], 2), (["revoke", "99"], 1), (["revoke", "0"], 2), (["list", "--uid", "a b"], 1),
    ]

    @Test(arguments: refused)
    func `what can't be done is said in a sentence`(_ arguments: [String], _ code: Int32) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let ending = try await Tool.run(["tokens"] + arguments, socket: daemon.socketPath)
            #expect(ending.code == code && ending.out.isEmpty && !ending.err.isEmpty, "\(ending)")
        }
    }

    @Test(arguments: [
        #"{"uid":"anna","days":0}"#, #"{"uid":"anna","days":1e9}"#, #"{"uid":"anna","scopes":[]}"#, #"{"uid":"anna","scopes":["root"]}"#,
        #"{"uid":""}"#, "{}", "[]",
    ])
    func `a body that is no request is refused by the daemon, too`(_ body: String) async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "anna")
            let error = await #expect(throws: ControlClientError.self) {
                let rest = Mutex(Array(body.utf8))
                _ = try await daemon.client.upload(ControlTarget(.issueToken)) {
                    rest.withLock { rest in
                        defer { rest = [] }
                        return rest.isEmpty ? nil : rest
                    }
                }
            }
            #expect(error?.refusal == "bad_request")
        }
    }
}
