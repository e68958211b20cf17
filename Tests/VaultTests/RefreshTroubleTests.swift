import Core
import Foundation
import Simulator
import StravaAPI
import TestKit
import Testing

@testable import Vault

/// Failures between us and Strava during a refresh.
@Suite struct RefreshTroubleTests {
    private let athlete = VaultFixture.athletes[0]

    @Test func `a revoked grant asks the athlete to reconnect and is not tried again`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            fixture.simulator.deauthorize(athlete)
            for _ in 0..<3 {
                let error = await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
                #expect(error?.code == .refreshTokenDead && error?.retryAdvice == .never)
            }
            #expect(fixture.refreshCount == 1)
            let (state, reason) = try await fixture.state(of: athlete)
            #expect(state == "reconnect")
            #expect(reason == DeadReason.refreshTokenInvalid.sentence)
        }
    }

    @Test func `connecting again revives an athlete whose grant was dead`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            fixture.simulator.deauthorize(athlete)
            await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            let grant = try await fixture.connect(athlete, to: vault)
            #expect(try await vault.accessToken(for: athlete) == grant.accessToken)
        }
    }

    @Test func `an athlete's state that was not set after a dead grant is set by the next request`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault)
            _ = try await fixture.database.query(
                VaultQueries.markDead(athlete, generation: 1, reason: .refreshTokenInvalid, at: fixture.clock.now))
            let other = try fixture.vault()
            await #expect(throws: VaultError.self) { try await other.accessToken(for: athlete) }
            #expect(try await fixture.state(of: athlete).state == "reconnect")
        }
    }

    @Test(
        arguments: [
            Fault.Response.html(400), .html(503), .status(503, "{\"message\":\"busy\"}"), .status(500, "{\"message\":\"error\"}"),
            .status(429, "{\"message\":\"Rate Limit Exceeded\",\"errors\":[]}"),
            .status(
                401, "{\"message\":\"Authorization Error\",\"errors\":[{\"resource\":\"Application\",\"field\":\"\",\"code\":\"invalid\"}]}"
            ),
            .status(
                400,
                "{\"message\":\"Bad Request\",\"errors\":[{\"resource\":\"Application\",\"field\":\"client_id\",\"code\":\"invalid\"}]}"),
        ])
    func `trouble at Strava does not end a grant`(response: Fault.Response) async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            fixture.simulator.faults.append(Fault(match: .token, times: 1, response: response))
            let error = await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            #expect(error?.code == .refreshFailed)
            #expect(error?.underlying != nil)
            #expect(fixture.refreshCount == 1)
            #expect(try await fixture.state(of: athlete).state == "active")
            _ = try await vault.accessToken(for: athlete)
            #expect(fixture.refreshCount == 2)
        }
    }

    @Test(arguments: [Fault.Response.resetAfterEffect, .truncatedBody, .malformed])
    func `after a lost answer the old token is tried once more, which works if it was not replaced`(response: Fault.Response) async throws {
        try await withVaultFixture { fixture in
            fixture.simulator.rotation = .never
            let vault = try fixture.vault()
            let grant = try await fixture.connect(athlete, to: vault, expiresIn: 60)
            fixture.simulator.faults.append(Fault(match: .token, times: 1, response: response))
            #expect(try await vault.accessToken(for: athlete) != grant.accessToken)
            #expect(fixture.refreshCount == 2)
            #expect(try await fixture.state(of: athlete).state == "active")
        }
    }

    @Test(arguments: [Fault.Response.resetAfterEffect, .truncatedBody])
    func `losing an answer with a new refresh token ends the grant, and the reason says so`(response: Fault.Response) async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            fixture.simulator.faults.append(Fault(match: .token, times: 1, response: response))
            let error = await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            #expect(error?.code == .refreshTokenDead)
            #expect(fixture.refreshCount == 2)
            let (state, reason) = try await fixture.state(of: athlete)
            #expect(state == "reconnect" && reason == DeadReason.refreshAnswerLost.sentence)
        }
    }

    @Test func `an answer lost by a process that died is known to the next one`() async throws {
        try await withVaultFixture { fixture in
            fixture.simulator.faults.append(Fault(match: .token, times: 2, response: .reset))
            let gone = try fixture.vault()
            try await fixture.connect(athlete, to: gone, expiresIn: 60)
            let failed = await #expect(throws: VaultError.self) { try await gone.accessToken(for: athlete) }
            #expect(failed?.code == .refreshFailed && failed?.retryAdvice == .retry)
            #expect(try await fixture.state(of: athlete).state == "active")
            fixture.simulator.deauthorize(athlete)
            let next = try fixture.vault()
            let error = await #expect(throws: VaultError.self) { try await next.accessToken(for: athlete) }
            #expect(error?.code == .refreshTokenDead)
            #expect(try await fixture.state(of: athlete).reason == DeadReason.refreshAnswerLost.sentence)
        }
    }

    @Test func `a refusal of the kind that changes nothing leaves earlier lost answers known`() async throws {
        try await withVaultFixture { fixture in
            fixture.simulator.faults.append(Fault(match: .token, times: 2, response: .reset))
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            let busy = Fault.Response.status(429, "{\"message\":\"Rate Limit Exceeded\",\"errors\":[]}")
            fixture.simulator.faults.append(Fault(match: .token, times: 1, response: busy))
            await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            fixture.simulator.deauthorize(athlete)
            await #expect(throws: VaultError.self) { try await vault.accessToken(for: athlete) }
            #expect(try await fixture.state(of: athlete).reason == DeadReason.refreshAnswerLost.sentence)
        }
    }

    @Test func `a revoked grant is confirmed by a refusal, but not by one that a lost answer explains as well`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            let (revoked, alive, unsure) = (VaultFixture.athletes[0], VaultFixture.athletes[1], VaultFixture.athletes[2])
            for athlete in [revoked, alive, unsure] { try await fixture.connect(athlete, to: vault) }
            fixture.simulator.deauthorize(revoked)
            #expect(try await vault.isRefused(revoked))
            #expect(try await !vault.isRefused(alive))
            fixture.simulator.faults.append(Fault(match: .token, times: 2, response: .reset))
            await #expect(throws: VaultError.self) { try await vault.isRefused(unsure) }
            fixture.simulator.deauthorize(unsure)
            #expect(try await !vault.isRefused(unsure))
            #expect(try await fixture.state(of: unsure).reason == DeadReason.refreshAnswerLost.sentence)
        }
    }

    @Test func `what was found out about an old grant changes nothing of a new one`() async throws {
        try await withVaultFixture { fixture in
            let vault = try fixture.vault()
            try await fixture.connect(athlete, to: vault, expiresIn: 60)
            let grant = try await fixture.connect(athlete, to: vault)
            let late = [
                VaultQueries.markDead(athlete, generation: 1, reason: .refreshTokenInvalid, at: fixture.clock.now),
                VaultQueries.refuseAccess(athlete, generation: 1), VaultQueries.markAsked(athlete, generation: 1),
                VaultQueries.takeBackAsked(athlete, generation: 1),
            ]
            for statement in late { #expect(try await fixture.database.query(statement).affected == 0) }
            #expect(try await vault.accessToken(for: athlete) == grant.accessToken)
            #expect(fixture.refreshCount == 0)
        }
    }

    @Test func `no log or error ever contains a token`() async throws {
        try await withVaultFixture { fixture in
            let capture = LogCapture()
            let vault = try fixture.vault(logger: capture.logger)
            var secrets: [Secret] = []
            var errors = ""
            for athlete in VaultFixture.athletes.prefix(3) {
                let grant = try await fixture.connect(athlete, to: vault, expiresIn: 60)
                secrets += [grant.accessToken, grant.refreshToken]
            }
            fixture.simulator.faults.append(Fault(match: .token, times: 1, response: .resetAfterEffect))
            fixture.simulator.deauthorize(VaultFixture.athletes[1])
            for athlete in VaultFixture.athletes.prefix(4) {
                do { secrets.append(try await vault.accessToken(for: athlete)) } catch { errors += "\(error) \(String(reflecting: error))" }
            }
            #expect(capture.text.contains("athlete must connect again"))
            #expect(errors.contains("connect"))
            for secret in secrets { #expect(!(capture.text + errors).contains(secret.reveal())) }
        }
    }
}
