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
    func run() async {
        while life == .running {
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
        if let nap, lease != nil || wakeAt(moment) < nap.until { nap.task.cancel() }
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
        } catch {
            budget.ledgerFailed(turns, retryIn_s: Self.ledgerRetry_s, at: moment)
            if life == .running { logger.log(.warning, "quota ledger does not answer", [.error: "\(error)"]) }
        }
    }

    private func sleep() async {
        let now = moment
        let until = min(wakeAt(now), now.wall(after: Self.heartbeat_s))
        // Not a child task: `plan` must be able to end it, and it ends at the latest with the heartbeat. Its only error is that end.
        let task = Task { [clock] in
            do { try await clock.sleep(until: until) } catch {}
        }
        nap = (until, task)
        await task.value
        nap = nil
    }
}
