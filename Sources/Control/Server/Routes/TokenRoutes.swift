import ControlAPI
import Core
import Hummingbird
import Identity

extension ControlRoutes {
    func issueToken(_ request: Request) async throws -> IssuedTokenMessage {
        let body: IssueTokenRequest = try await RequestReading.message(request)
        guard let uid = UID(body.uid) else { throw ControlRefusal.badRequest(UID.rule) }
        let days = body.days ?? IssueTokenRequest.daysDefault
        guard TokenDesk.days.contains(days) else {
            throw ControlRefusal.badRequest("days must be a number from \(TokenDesk.days.lowerBound) to \(TokenDesk.days.upperBound)")
        }
        let scopes = try scopes(body.scopes ?? IssueTokenRequest.scopesDefault)
        guard let issued = try await tokenDesk.issue(uid, days: days, scopes: scopes) else {
            throw ControlRefusal(
                .notFound, "no athlete has this uid: fitnessctl athletes list shows all, fitnessctl athletes connect makes a link")
        }
        logger.log(.notice, "API token issued", [.athleteID: issued.entry.athlete, .uid: uid, .tokenID: issued.entry.id])
        return IssuedTokenMessage(token: issued.token.secret.reveal(), issued: TokenMessage(issued.entry))
    }

    func tokens(_ request: Request) async throws -> TokensMessage {
        let text = request.uri.queryParameters["uid"]
        let uid = text.flatMap { UID($0) }
        if text != nil, uid == nil { throw ControlRefusal.badRequest(UID.rule) }
        return TokensMessage(tokens: try await tokenDesk.list(uid: uid).map(TokenMessage.init))
    }

    func revokeToken(_ request: Request) async throws -> TokensMessage {
        let body: RevokeTokenRequest = try await RequestReading.message(request)
        guard let entry = try await tokenDesk.revoke(body.id) else {
            throw ControlRefusal(.notFound, "there is no such token: fitnessctl tokens list shows all")
        }
        logger.log(.notice, "API token revoked", [.athleteID: entry.athlete, .uid: entry.uid, .tokenID: entry.id])
        return TokensMessage(tokens: [TokenMessage(entry)])
    }

    private func scopes(_ names: [String]) throws -> Set<Scope> {
        let scopes = names.compactMap(Scope.init)
        guard !names.isEmpty, scopes.count == names.count else {
            throw ControlRefusal.badRequest("scopes must name some of \(Scope.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return Set(scopes)
    }

    private var tokenDesk: TokenDesk { TokenDesk(database: dependencies.database, clock: dependencies.clock) }
}

extension TokenMessage {
    fileprivate init(_ entry: TokenDesk.Entry) {
        self.init(
            id: entry.id, athleteID: entry.athlete.rawValue, uid: entry.uid, scopes: entry.scopes.map(\.rawValue),
            state: entry.state.rawValue, createdAt: entry.createdAt, expiresAt: entry.expiresAt, lastUsedAt: entry.lastUsedAt,
            revokedAt: entry.revokedAt)
    }
}
