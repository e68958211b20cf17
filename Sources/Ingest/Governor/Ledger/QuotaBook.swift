import Foundation

/// The ledger as a value in memory: the same rule as sync.quota_turn() in PostgreSQL, for models and simulations.
package struct QuotaBook: Sendable {
    private struct Block {
        var sequence = 0
        var leased = 0
        var settled = 0
        var included = 0
    }

    private struct Page {
        var usage = WindowUsage()
        var exhausted = false
        var included = 0
        var blocks: [UUID: Block] = [:]
    }

    private var pages: [QuotaWindow: Page] = [:]
    private var limits: LearnedLimits
    private var probed: QuotaWindow?

    package init(configured: RateLimit) { limits = LearnedLimits(configured) }

    /// Takes in what `instance` tells and grants as much of what it asks for as the limits leave.
    package mutating func turn(_ turn: QuotaTurn, by instance: UUID) -> QuotaAnswer {
        limits.merge(turn.limits)
        let isLate = turn.sequence <= pages[turn.quarter]?.blocks[instance]?.sequence ?? 0
        if !isLate { tell(turn, by: instance) }
        var answer = QuotaAnswer(limits: limits)
        answer.probed = probed
        answer.quarter = window(turn.quarter, instance)
        answer.day = window(turn.day, instance)
        if isLate { return answer }
        answer.granted = max(0, min(turn.want, answer.quarter.free(limits.quarter), answer.day.free(limits.day)))
        if answer.granted == 0, turn.want > 0, turn.wantsProbe, mayProbe(turn.quarter, answer) {
            probed = turn.quarter
            (answer.granted, answer.isProbe, answer.probed) = (1, true, probed)
        }
        for window in [turn.quarter, turn.day] { pages[window, default: Page()].blocks[instance]?.leased += answer.granted }
        answer.quarter.add(answer.granted)
        answer.day.add(answer.granted)
        return answer
    }

    /// Whether a call beyond limits in doubt may go in this quarter hour: one of all instances, within what held before.
    private func mayProbe(_ quarter: QuotaWindow, _ answer: QuotaAnswer) -> Bool {
        guard let doubt = limits.doubt, answer.quarter.free(doubt.quarter) > 0, answer.day.free(doubt.day) > 0 else { return false }
        return probed.map { !(quarter.start_s...quarter.start_s + 3600).contains($0.start_s) } ?? true
    }

    private mutating func tell(_ turn: QuotaTurn, by instance: UUID) {
        var quarter = pages[turn.quarter] ?? Page()
        var day = pages[turn.day] ?? Page()
        var block = quarter.blocks[instance] ?? Block()
        var dayBlock = day.blocks[instance] ?? Block()
        dayBlock.leased += turn.kept - block.leased
        block.sequence = turn.sequence
        block.leased = turn.kept
        dayBlock.settled += max(0, turn.settled - block.settled)
        block.settled = max(block.settled, turn.settled)
        block.included = max(block.included, turn.quarterIncluded)
        dayBlock.included = max(dayBlock.included, turn.dayIncluded)
        quarter.blocks[instance] = block
        day.blocks[instance] = dayBlock
        quarter.included = max(quarter.included, turn.quarterAllIncluded)
        day.included = max(day.included, turn.dayAllIncluded)
        quarter.usage.merge(turn.quarterUsage)
        day.usage.merge(turn.dayUsage)
        quarter.exhausted = quarter.exhausted || turn.quarterExhausted
        day.exhausted = day.exhausted || turn.dayExhausted
        pages[turn.quarter] = quarter
        pages[turn.day] = day
    }

    private func window(_ window: QuotaWindow, _ instance: UUID) -> QuotaAnswer.Window {
        let page = pages[window] ?? Page()
        var result = QuotaAnswer.Window()
        result.leased = page.blocks.values.reduce(0) { $0 + $1.leased }
        result.included = page.blocks.values.reduce(0) { $0 + $1.included }
        result.ownLeased = page.blocks[instance]?.leased ?? 0
        result.ownIncluded = page.blocks[instance]?.included ?? 0
        result.othersSettled = page.blocks.reduce(0) { $0 + ($1.key == instance ? 0 : $1.value.settled) }
        result.allIncluded = page.included
        result.usage = page.usage
        result.exhausted = page.exhausted
        // The last quarter before this window, which for a day is the last of the day before.
        let before = QuotaWindow(.quarter, containing: Double(window.start_s - 1))
        result.carried = pages[before]?.blocks.values.reduce(0) { $0 + max(0, $1.leased - $1.settled) } ?? 0
        return result
    }
}
