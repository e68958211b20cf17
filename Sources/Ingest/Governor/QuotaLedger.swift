import Core
import Database
import Foundation
import SyncStore

/// The quota ledger in PostgreSQL, which all instances share. Calls are taken from it in small blocks by sync.quota_turn(), one statement.
struct QuotaLedger: Sendable {
    private let database: Database
    /// Identifies this run of this process. A later run is another instance, to which calls taken and not given back count as spent.
    private let instance: UUID

    init(database: Database, instance: UUID) {
        self.database = database
        self.instance = instance
    }

    /// Tells and asks in one round trip. The replies are in the order of the requests.
    ///
    /// - Throws: `DatabaseError`; `QuotaLedgerError` when program and schema differ in version.
    func exchange(_ requests: [QuotaRequest]) async throws -> [QuotaReply] {
        let statements = requests.map(statement)
        let results = try await database.withConnection { try await $0.pipeline(statements) }
        return try zip(requests, results).map { request, rows in
            guard let row = rows.first else { throw QuotaLedgerError.unknownShape }
            return try reply(row, to: request)
        }
    }

    private func statement(_ turn: QuotaRequest) -> SQL {
        QuotaTable.turn(
            of: instance, quarterAt: turn.quarter.startsAt, dayAt: turn.day.startsAt, sequence: turn.sequence, kept: turn.kept,
            settled: turn.settled, want: turn.want, wantsProbe: turn.wantsProbe,
            quarter: (counts(turn.quarterIncluded, turn.quarterUsage, turn.quarterAllIncluded), turn.quarterExhausted),
            day: (counts(turn.dayIncluded, turn.dayUsage, turn.dayAllIncluded), turn.dayExhausted), limits: limits(turn.limits),
            limitsSeenAt_s: turn.limits.seenAt_s)
    }

    private func counts(_ included: Int, _ usage: WindowUsage, _ allIncluded: Int) -> [Int64] {
        [included, usage.overall, usage.read, allIncluded].map(Int64.init)
    }

    /// Quarter overall, quarter read, day overall, day read; the same four as they were before a doubt; the doubt's beginning in seconds since
    /// 1970. 0 stands for none.
    private func limits(_ limits: LearnedLimits) -> [Int64] {
        let doubt = limits.doubt.map { numbers($0.quarter, $0.day) + [$0.since_s] } ?? [0, 0, 0, 0, 0]
        return (numbers(limits.quarter, limits.day) + doubt).map(Int64.init)
    }

    private func numbers(_ quarter: LearnedLimits.Bucketed, _ day: LearnedLimits.Bucketed) -> [Int] {
        [quarter.overall, quarter.read ?? 0, day.overall, day.read ?? 0]
    }

    private func bucketed(_ overall: Int64, _ read: Int64) -> LearnedLimits.Bucketed {
        .init(overall: limit(overall), read: read == 0 ? nil : limit(read))
    }

    /// No number in the ledger, whoever wrote it, leads to one that can't be computed.
    private func limit(_ number: Int64) -> Int { Int(min(max(number, 0), Int64(RateLimit.limitMax))) }

    private func count(_ number: Int64) -> Int { Int(min(max(number, -Self.countMax), Self.countMax)) }

    private static let countMax: Int64 = 1_000_000_000_000

    private func reply(_ row: Row, to request: QuotaRequest) throws -> QuotaReply {
        let (granted, isProbe, quarter, day, quarterExhausted, dayExhausted, limits, seenAt_s, probedAt) = try row.decode(
            Int64.self, Bool.self, [Int64].self, [Int64].self, Bool.self, Bool.self, [Int64].self, Double.self, Date?.self)
        guard quarter.count == 9, day.count == 9, limits.count == 9 else { throw QuotaLedgerError.unknownShape }
        var reply = QuotaReply(limits: request.limits)
        reply.limits.quarter = bucketed(limits[0], limits[1])
        reply.limits.day = bucketed(limits[2], limits[3])
        reply.limits.seenAt_s = seenAt_s
        reply.limits.doubt =
            limits[4] == 0
            ? nil
            : .init(quarter: bucketed(limits[4], limits[5]), day: bucketed(limits[6], limits[7]), since_s: count(limits[8]))
        reply.isProbe = isProbe
        reply.probed = probedAt.map { QuotaWindow(.quarter, containing: $0.timeIntervalSince1970) }
        reply.granted = count(granted)
        reply.quarter = window(quarter, quarterExhausted)
        reply.day = window(day, dayExhausted)
        return reply
    }

    /// - Parameter counts: leased, included, own leased, own included, carried, overall usage, read usage, settled by others, included of all
    ///   together.
    private func window(_ counts: [Int64], _ exhausted: Bool) -> QuotaReply.Window {
        var window = QuotaReply.Window()
        window.leased = count(counts[0])
        window.included = count(counts[1])
        window.ownLeased = count(counts[2])
        window.ownIncluded = count(counts[3])
        window.carried = count(counts[4])
        window.usage = WindowUsage(overall: count(counts[5]), read: count(counts[6]))
        window.othersSettled = count(counts[7])
        window.allIncluded = count(counts[8])
        window.exhausted = exhausted
        return window
    }
}

/// sync.quota_turn() returned a row of unknown shape: program and schema are of different versions.
struct QuotaLedgerError: AdvisedError {
    static let unknownShape = QuotaLedgerError()
    var description: String { "sync.quota_turn() answered in an unknown shape; run the migrations of this version" }
    var retryAdvice: RetryAdvice { .never }
}
