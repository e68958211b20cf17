import Core
import Testing

@testable import Gateway

@Suite struct ConnectValueTests {
    @Test func `states are long, different and safe in a URL`() throws {
        let states = (0..<1000).map { _ in ConnectSecret.random() }
        #expect(Set(states.map(\.text)).count == 1000)
        for state in states {
            #expect(ConnectSecret(state.text) == state)
            #expect(state.hash.count == 32)
        }
        #expect(Set(states.map(\.hash)).count == 1000)
    }

    @Test(arguments: [
        "", "short", String(repeating: "a", count: 44), String(repeating: "a", count: 42) + "=", String(repeating: "é", count: 43),
    ])
    func `a malformed state is refused`(text: String) { #expect(ConnectSecret(text) == nil) }

    @Test func `the redirect says which scopes were granted`() {
        let all = GrantedScopes(redirect: "read,activity:read,activity:read_all,profile:read_all", answer: nil)
        #expect(all.canReadActivities && all.missing.isEmpty && all.limits.isEmpty)
        let some = GrantedScopes(redirect: "read,activity:read", answer: ["activity:read_all"])
        #expect(some.canReadActivities && some.missing == ["activity:read_all", "profile:read_all"] && some.limits.count == 2)
        #expect(some.text == "read,activity:read")
        #expect(!GrantedScopes(redirect: "read profile:read_all", answer: nil).canReadActivities)
    }

    @Test func `without a scope in the redirect, the token answer's counts`() {
        #expect(GrantedScopes(redirect: nil, answer: ["read", "activity:read_all"]).canReadActivities)
        #expect(!GrantedScopes(redirect: nil, answer: nil).canReadActivities)
    }

    @Test func `unknown and endless scopes count for nothing`() {
        #expect(GrantedScopes(redirect: "read,<script>,admin", answer: nil).text == "read")
        #expect(GrantedScopes(redirect: String(repeating: "activity:read,", count: 100), answer: nil).granted.isEmpty)
    }
}
