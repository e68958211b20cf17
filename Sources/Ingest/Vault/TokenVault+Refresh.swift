import Core
import Database
import Foundation
import StravaAPI
import SyncStore

/// The refresh, once in all processes, such that the only valid pair is never lost while this process lives.
extension TokenVault {
    /// How a refresh under the row's lock ended.
    private enum RefreshOutcome: Sendable {
        case renewed(OpenedToken)
        /// Another process was faster; this is what it stored.
        case current(TokenRow)
        /// The pair changed and needs a refresh again: look from the start.
        case overtaken(TokenRow)
        case dead(DeadReason)
        case failed(StravaError)
        case erased
    }

    /// What Strava said to the refresh token.
    private enum RefreshAnswer: Sendable {
        case granted(TokenGrant)
        case refused(answerWasLost: Bool)
        case failed(StravaError)
    }

    /// Two processes that overtake each other more often than this have clocks that disagree by hours.
    private static var roundsMax: Int { 3 }

    func refresh(_ stored: TokenRow) async throws -> Secret {
        guard await withCheckedContinuation({ turns.enter($0) }) else { throw VaultError(.queueFull, athlete: stored.athlete) }
        defer { turns.leave() }
        var row = stored
        for _ in 0..<Self.roundsMax {
            _ = try await database.query(VaultQueries.markAsked(row.athlete, generation: row.generation))
            switch try await refreshInTransaction(row) {
            case .renewed(let token):
                remember(token, for: row.athlete)
                return token.token
            case .current(let newer): return try remember(newer)
            case .overtaken(let newer): row = newer
            case .dead(let reason): throw try await announceDeath(of: row.athlete, reason: reason)
            case .failed(let error): throw VaultError(.refreshFailed, athlete: row.athlete, underlying: error)
            case .erased: throw VaultError(.noToken, athlete: row.athlete)
            }
        }
        throw VaultError(.refreshFailed, athlete: row.athlete)
    }

    /// Writes a pair that Strava gave earlier and that is not known to be stored. Nothing is written when a newer pair is there.
    func commitLeftover(of athlete: AthleteID) async throws {
        guard let left = uncommitted[athlete] else { return }
        let replaced = try await database.query(
            VaultQueries.replace(left.pair, athlete: athlete, generation: left.generation, at: left.receivedAt))
        if replaced.affected > 0 { _ = try await changeState(of: athlete, AthleteTable.reviveIfAlive(athlete, now: clock.now)) }
        uncommitted[athlete] = nil
    }

    /// Makes the athlete's state follow the dead token and returns the error to throw. May be repeated.
    ///
    /// It is a transaction of its own, after the token's: whoever connects an athlete locks `sync.athlete` first and the token
    /// second, so a transaction that went the other way round could meet it in a deadlock.
    func announceDeath(of athlete: AthleteID, reason: DeadReason) async throws -> VaultError {
        if try await changeState(of: athlete, AthleteTable.requireReconnectIfDead(athlete, reason: reason.sentence, now: clock.now)) {
            logger.log(.warning, "athlete must connect again", [.athleteID: athlete, .reason: reason.rawValue])
        }
        return VaultError(.refreshTokenDead, athlete: athlete)
    }

    private func changeState(of athlete: AthleteID, _ change: SQL) async throws -> Bool {
        try await database.transaction { connection in
            _ = try await connection.query(AthleteTable.lock(athlete))
            return try await connection.query(change).affected > 0
        }
    }

    private func refreshInTransaction(_ row: TokenRow) async throws -> RefreshOutcome {
        do {
            let outcome = try await database.transaction { try await self.refreshUnderLock(row, on: $0) }
            uncommitted[row.athlete] = nil
            return outcome
        } catch {
            guard let left = uncommitted[row.athlete] else { throw error }
            logger.log(.error, "a refreshed token is not stored yet", [.athleteID: row.athlete, .error: "\(error)"])
            try await commitLeftover(of: row.athlete)
            return .renewed(left.opened)
        }
    }

    private func refreshUnderLock(_ seen: TokenRow, on connection: Connection) async throws -> RefreshOutcome {
        // A process that is frozen with the lock in its hand is thrown out by PostgreSQL; two calls to Strava take at most 60 s.
        try await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '90s'")
        guard let locked = try await connection.query(VaultQueries.lockedRow(of: seen.athlete)).first else { return .erased }
        let row = try TokenRow(locked)
        if let reason = row.deadReason { return .dead(reason) }
        if clock.now < row.useUntil { return .current(row) }
        if row.generation != seen.generation { return .overtaken(row) }
        let answer = try await ask(try row.openRefresh(keyring), about: row)
        return try await settle(answer, row, on: connection)
    }

    private func settle(_ answer: RefreshAnswer, _ row: TokenRow, on connection: Connection) async throws -> RefreshOutcome {
        switch answer {
        case .granted(let grant):
            let receivedAt = clock.now
            let pair = try SealedPair(grant, athlete: row.athlete, keyring: keyring, at: receivedAt)
            let useUntil = Self.useUntil(expiresAt: pair.expiresAt, refreshedAt: receivedAt)
            let opened = OpenedToken(token: grant.accessToken, useUntil: useUntil)
            uncommitted[row.athlete] = UncommittedPair(pair: pair, opened: opened, generation: row.generation, receivedAt: receivedAt)
            _ = try await connection.query(
                VaultQueries.replace(pair, athlete: row.athlete, generation: row.generation, at: receivedAt))
            return .renewed(opened)
        case .refused(let answerWasLost):
            let reason: DeadReason = answerWasLost || row.unanswered > 1 ? .refreshAnswerLost : .refreshTokenInvalid
            _ = try await connection.query(VaultQueries.markDead(row.athlete, reason: reason, at: clock.now))
            return .dead(reason)
        case .failed(let error):
            if !Self.mayHaveRotated(error) { _ = try await connection.query(VaultQueries.clearAsked(row.athlete)) }
            return .failed(error)
        }
    }

    /// Asks Strava. When the answer was lost on the way, Strava may have replaced the pair already: the old token is tried once more, since
    /// it is the only one there is.
    private func ask(_ refreshToken: Secret, about row: TokenRow) async throws -> RefreshAnswer {
        let first = try await askOnce(refreshToken)
        guard case .failed(let error) = first, Self.answerWasLost(error) else { return first }
        logger.log(.notice, "the answer to a token refresh was lost", [.athleteID: row.athlete, .code: error.code.rawValue])
        let second = try await askOnce(refreshToken)
        if case .refused = second { return .refused(answerWasLost: true) }
        return second
    }

    private func askOnce(_ refreshToken: Secret) async throws -> RefreshAnswer {
        do {
            return .granted(try await strava.refresh(refreshToken))
        } catch let error as StravaError {
            return error.code == .refreshTokenDead ? .refused(answerWasLost: false) : .failed(error)
        }
    }

    /// The request went out and no readable answer came back.
    private static func answerWasLost(_ error: StravaError) -> Bool {
        switch error.code {
        case .network, .cancelled: error.reachedStrava != .no
        case .unreadable: error.status == nil || error.status == 200
        default: false
        }
    }

    /// A server that failed may have failed after it replaced the pair; a refusal in good order has not touched it.
    private static func mayHaveRotated(_ error: StravaError) -> Bool {
        answerWasLost(error) || error.code == .serverError || error.code == .maintenance
    }
}
