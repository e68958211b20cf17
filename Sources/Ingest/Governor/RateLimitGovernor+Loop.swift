import Core
import Foundation

extension RateLimitGovernor {
    /// Grants whatever may go now. Leaves in `wantsLease` and `waitingFor` what the loop must do before more can go.
    func pump() {
        guard life == .running else { return }
        let now = moment
        while true {
            let decision = budget.next(at: now)
            switch decision {
            case .grant(let id, let permit):
                grant(id, permit)
            case .lease(let calls):
                return plan(lease: calls, until: nil)
            case .wait(let until, let reason):
                return plan(lease: nil, until: (until, reason))
            case .idle:
                return plan(lease: nil, until: nil)
            }
        }
    }

    /// The loop: pump, talk to the ledger when there is something to say, sleep until the next instant that matters.
    func work() async {
        while life == .running, !Task.isCancelled {
            report(lost: budget.reapFlights(at: moment))
            pump()
            if let want = wantsLease {
                await talk(want: want)
            } else if let tellAt_s = budget.tellAt_s(at: moment), tellAt_s <= moment.uptime_s {
                await talk(want: nil)
            } else {
                await sleep()
            }
        }
    }

    // MARK: Parts

    private func grant(_ id: UInt64, _ permit: Permit) {
        if let continuation = waiting.removeValue(forKey: id) {
            continuation.resume(returning: permit)
        } else {
            _ = budget.settle(permit, .notSent, at: moment)
        }
    }

    /// Notes what the loop must do next, and wakes it when it sleeps longer than that.
    private func plan(lease: Int?, until: (until: Date, reason: WaitReason)?) {
        wantsLease = lease
        waitingFor = lease == nil ? until : (.distantFuture, .ledger)
        if let nap, lease != nil || wakeAt(moment) < nap.until { endNap() }
    }

    /// The next instant that matters to the loop.
    private func wakeAt(_ now: Moment) -> Date {
        let tell = budget.tellAt_s(at: now).map { now.wall(after: max(0, $0 - now.uptime_s)) }
        return [waitingFor?.until, tell].compactMap { $0 }.min() ?? .distantFuture
    }

    private func talk(want: Int?) async {
        wantsLease = nil
        let turns = budget.turns(want: want, at: moment)
        if turns.isEmpty { return budget.took([], at: moment) }
        do {
            let answers = try await ledger.take(turns)
            budget.took(Array(zip(turns, answers)), at: moment)
            ledgerOutage.isOver(logger)
        } catch {
            budget.ledgerFailed(turns, retryIn_s: Self.ledgerRetry_s, at: moment)
            if life == .running, !Task.isCancelled { ledgerOutage.met(error, logger) }
        }
    }

    /// Sleeps until the next instant that matters, until `plan` finds an earlier one, or until cancelled.
    private func sleep() async {
        let now = moment
        let until = min(wakeAt(now), now.wall(after: Self.heartbeat_s))
        await withDiscardingTaskGroup { group in
            group.addTask {
                // Its only error is the cancellation, which ends the nap as well.
                do { try await self.clock.sleep(until: until) } catch {}
                await self.endNap()
            }
            await withCheckedContinuation { nap = Nap(until: until, wake: $0) }
            group.cancelAll()
        }
    }

    func endNap() {
        let ended = nap
        nap = nil
        ended?.wake.resume()
    }
}
