import Foundation

/// The quota ledger as a value in memory, with the rule of sync.quota_turn() in PostgreSQL: for tests and simulations.
package struct QuotaLedgerModel: Sendable {
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

    /// Records what `instance` tells and grants as much of what it asks for as the limits leave.
    package mutating func exchange(_ request: QuotaRequest, by instance: UUID) -> QuotaReply {
        limits.merge(request.limits)
        let isLate = request.sequence <= pages[request.quarter]?.blocks[instance]?.sequence ?? 0
        if !isLate { record(request, by: instance) }
        var reply = QuotaReply(limits: limits)
        reply.probed = probed
        reply.quarter = window(request.quarter, instance)
        reply.day = window(request.day, instance)
        if isLate { return reply }
        reply.granted = max(0, min(request.want, reply.quarter.free(limits.quarter), reply.day.free(limits.day)))
        if reply.granted == 0, request.want > 0, request.wantsProbe, mayProbe(request.quarter, reply) {
            probed = request.quarter
            (reply.granted, reply.isProbe, reply.probed) = (1, true, probed)
        }
        for window in [request.quarter, request.day] { pages[window, default: Page()].blocks[instance]?.leased += reply.granted }
        reply.quarter.add(reply.granted)
        reply.day.add(reply.granted)
        return reply
    }

    /// Whether a call beyond limits in doubt may go in this quarter hour: one for all instances, within the limits that held before.
    private func mayProbe(_ quarter: QuotaWindow, _ reply: QuotaReply) -> Bool {
        guard let doubt = limits.doubt, reply.quarter.free(doubt.quarter) > 0, reply.day.free(doubt.day) > 0 else { return false }
        return probed.map { !(quarter.start_s...quarter.start_s + 3600).contains($0.start_s) } ?? true
    }

    private mutating func record(_ request: QuotaRequest, by instance: UUID) {
        var quarter = pages[request.quarter] ?? Page()
        var day = pages[request.day] ?? Page()
        var block = quarter.blocks[instance] ?? Block()
        var dayBlock = day.blocks[instance] ?? Block()
        dayBlock.leased += request.kept - block.leased
        block.sequence = request.sequence
        block.leased = request.kept
        dayBlock.settled += max(0, request.settled - block.settled)
        block.settled = max(block.settled, request.settled)
        block.included = max(block.included, request.quarterIncluded)
        dayBlock.included = max(dayBlock.included, request.dayIncluded)
        quarter.blocks[instance] = block
        day.blocks[instance] = dayBlock
        quarter.included = max(quarter.included, request.quarterAllIncluded)
        day.included = max(day.included, request.dayAllIncluded)
        quarter.usage.merge(request.quarterUsage)
        day.usage.merge(request.dayUsage)
        quarter.exhausted = quarter.exhausted || request.quarterExhausted
        day.exhausted = day.exhausted || request.dayExhausted
        pages[request.quarter] = quarter
        pages[request.day] = day
    }

    private func window(_ window: QuotaWindow, _ instance: UUID) -> QuotaReply.Window {
        let page = pages[window] ?? Page()
        var result = QuotaReply.Window()
        result.leased = page.blocks.values.reduce(0) { $0 + $1.leased }
        result.included = page.blocks.values.reduce(0) { $0 + $1.included }
        result.ownLeased = page.blocks[instance]?.leased ?? 0
        result.ownIncluded = page.blocks[instance]?.included ?? 0
        result.othersSettled = page.blocks.reduce(0) { $0 + ($1.key == instance ? 0 : $1.value.settled) }
        result.allIncluded = page.included
        result.usage = page.usage
        result.exhausted = page.exhausted
        // The last quarter hour before this window; for a day it is the last one of the day before.
        let before = QuotaWindow(.quarter, containing: Double(window.start_s - 1))
        result.carried = pages[before]?.blocks.values.reduce(0) { $0 + max(0, $1.leased - $1.settled) } ?? 0
        return result
    }
}
