import Core
import Database
import Foundation
import Streams
import SyncStore

/// The profile of an athlete in a batch; nil profile: only the athlete's key is needed.
struct ChangedAthlete: Sendable {
    let athleteID: AthleteID
    let source: Int16
    var profile: AnswerHead?
}

/// A transform failed, with its work, among which the cause may be.
struct TransformFailure: Error {
    let work: [SilverWork]
    let underlying: any Error
}

/// One transaction of the silver runner: claims work, makes the rows, removes the work from the list.
struct SilverBatch: Sendable {
    /// Bytes of answers that one transaction reads, unless the first piece of work alone has more.
    static let bytesMax: Int64 = 32 << 20

    /// Size of a temporary table from which it is truncated. DELETE leaves dead space that each statement scans; TRUNCATE invalidates all
    /// plans, which costs some 30 ms.
    static let temporaryBytesMax: Int64 = 2 << 20

    let scripts: SilverScripts
    let feed: SilverFeed
    let now: Date

    /// The pieces of work that were done, and how long the activities took that are new in silver.
    typealias Done = (work: [SilverWork], lags: [SilverLag])

    /// Rows of the list, and whether all of them may wait.
    typealias Claimed = (rowCount: Int, mayWait: Bool)

    /// Returns what was done; no work when there is none.
    /// - Parameter claimed: called with what was claimed before the work begins.
    func run(_ claim: SQL, on connection: Connection, claimed: @Sendable (Claimed) -> Void = { _ in }) async throws -> Done {
        let answers = try await connection.pipeline([SilverQueries.planForFew, claim, SilverQueries.commitLazily])
        let (work, rows) = try Self.bounded(answers[1])
        claimed(rows)
        if work.isEmpty { return ([], []) }
        do {
            return (work, try await transform(work, on: connection))
        } catch {
            throw TransformFailure(work: work, underlying: error)
        }
    }

    /// The work that fits into memory, and what was claimed in all.
    private static func bounded(_ rows: Rows) throws -> ([SilverWork], Claimed) {
        var work: [SilverWork] = []
        var claimed: Claimed = (0, true)
        var bytes: Int64 = 0
        for row in rows {
            let (athlete, activity, ids, size, mayWait) = try row.decode(
                AthleteID.self, Int64.self, [Int64].self, Int64.self, Bool.self)
            bytes += size
            claimed = (claimed.rowCount + ids.count, claimed.mayWait && mayWait)
            if work.isEmpty || bytes <= bytesMax { work.append(SilverWork(athleteID: athlete, activityID: activity, rows: ids)) }
        }
        return (work, claimed)
    }

    private func transform(_ work: [SilverWork], on connection: Connection) async throws -> [SilverLag] {
        let made = try await make(work, tables: SilverQueries.temporaryTables, whateverSilverHas: false, on: connection)
        let isSwollen = made.temporary_bytes > Self.temporaryBytesMax
        let athletes = Set(work.filter { $0.activityID != 0 }.map(\.athleteID)).sorted()
        _ = try await connection.pipeline(
            made.arrays + [SilverQueries.done(work)] + scripts.afterArrays(content(of: work)) + [TransformWorkTable.addEstimates(athletes)])
        try await WPrimePass(powers: made.powers).run(on: connection)
        let lags = made.newActivities.isEmpty ? [] : [SilverQueries.lags(of: made.newActivities, now: now)]
        let rows = try await connection.pipeline(
            lags + SilverBooks(made: work, made.material).statements(now: now)
                + (isSwollen ? SilverQueries.truncateTemporary + [SilverQueries.planAnew] : SilverQueries.emptyTemporary))
        return lags.isEmpty ? [] : try rows[0].map(SilverLag.init)
    }

    /// Makes the rows of the work again, whatever silver has. Sums over all of an athlete's activities are left to `sumUp`, and the
    /// books to the caller. The temporary tables must be there.
    func remake(_ work: [SilverWork], on connection: Connection) async throws -> SilverBooks {
        let made = try await make(
            work, tables: SilverQueries.truncateTemporary + [SilverQueries.planForFew], whateverSilverHas: true, on: connection)
        _ = try await connection.pipeline(made.arrays)
        return SilverBooks(made: work, made.material)
    }

    /// The error that all work meets at this moment, if any; its own writes are rolled back.
    /// - Parameter good: finds work that succeeded before; if it finds none, only no rows are tried.
    func probe(
        in database: Database, good: @Sendable (Connection) async throws -> SilverWork? = { _ in nil }
    ) async throws -> (any Error)? {
        do {
            return try await database.transaction { connection in
                if let error = try await probe(try await good(connection), on: connection) { throw SilverStopped(underlying: error) }
                return nil
            }
        } catch let stopped as SilverStopped {
            return stopped.underlying
        }
    }

    /// The error that all work meets at this moment, if any: runs the same statements on no rows, then on work that succeeded before, and
    /// rolls back.
    func probe(_ good: SilverWork?, on connection: Connection) async throws -> (any Error)? {
        for work in [[], good.map { [$0] } ?? []] {
            try await connection.execute("SAVEPOINT probe")
            do {
                let made = try await make(
                    work, tables: SilverQueries.temporaryTables + SilverQueries.truncateTemporary, whateverSilverHas: true, on: connection)
                _ = try await connection.pipeline(made.arrays + [SilverQueries.done([])] + scripts.afterArrays(Self.everything))
            } catch {
                if case .passing = SilverFault(error) { throw error }
                return error
            }
            try await connection.execute("ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe")
        }
        return nil
    }

    /// Runs the files that sum over all of an athlete's activities, once for all of them.
    func sumUp(_ athlete: AthleteID, on connection: Connection) async throws {
        _ = try await connection.pipeline(
            [SilverQueries.planForMany] + SilverQueries.truncateTemporary + SilverQueries.fillAll(athlete)
                + scripts.afterArrays(Self.everything))
        try await WPrimePass(powers: [:]).run(on: connection)
        _ = try await connection.pipeline(SilverQueries.truncateTemporary)
    }

    /// Without any work the statements are tried, all of them.
    private func content(of work: [SilverWork]) -> Set<SilverScripts.Content> {
        work.isEmpty ? Self.everything : Set(work.map { $0.activityID == 0 ? .athletes : .activities })
    }

    private static let everything = Set(SilverScripts.Content.allCases)

    /// A batch whose documents are in silver and whose arrays are ready to be stored.
    private struct Made {
        let material: SilverMaterial
        let arrays: [SQL]
        let powers: [AnswerKey: SecondSeries]
        let temporary_bytes: Int64
        /// Those that silver did not have.
        let newActivities: [ChangedActivity]
    }

    /// Computes the arrays here while PostgreSQL works on the documents.
    /// - Parameter tables: statements that create or empty the temporary tables.
    private func make(
        _ work: [SilverWork], tables: [SQL], whateverSilverHas: Bool, on connection: Connection
    ) async throws -> Made {
        let rows = try await connection.pipeline(
            [SilverQueries.heads(of: work), SilverQueries.tombstones(of: work), SilverQueries.states(of: work)] + tables)
        let inventory = try SilverInventory(
            of: work, heads: rows[0], tombstones: rows[1], states: rows[2], whateverSilverHas: whateverSilverHas)
        var material = try await read(inventory.needed, on: connection)
        let streams = material.streams
        async let arrays = Self.arrays(inventory.streamHeads, streams)
        let filled = try await connection.pipeline(
            [
                SilverQueries.fill(inventory.activities, material), SilverQueries.fill(inventory, material),
                SilverQueries.temporarySize,
            ] + scripts.beforeArrays(content(of: work)))
        try note(filled, inventory, in: &material)
        let (statements, powers) = await arrays
        return Made(
            material: material, arrays: statements, powers: powers, temporary_bytes: try filled[2][0].decode(Int64.self),
            newActivities: inventory.activities.filter { $0.silver == nil && !$0.isGone })
    }

    /// Each activity in a task of its own, on all cores: the statements that store its arrays and figures, and its power by second.
    private static func arrays(
        _ heads: [AnswerHead], _ streams: [AnswerKey: DecodedStreams]
    ) async -> (statements: [SQL], powers: [AnswerKey: SecondSeries]) {
        await withTaskGroup(of: (place: Int, statements: [SQL], power: SecondSeries?).self) { group in
            for (place, head) in heads.enumerated() {
                guard let streams = streams[head.key] else { continue }
                group.addTask {
                    let clean = CleanStreams(streams)
                    let rollup = clean.map(ActivityRollup.init)
                    let stored = ArrayQueries.store(streams, outliers: clean?.outliers, of: head)
                    return (place, [stored] + ArrayQueries.store(rollup, of: head), rollup?.powerBySecond)
                }
            }
            let made = await group.reduce(into: []) { $0.append($1) }.sorted { $0.place < $1.place }
            let powers = made.compactMap { made in made.power.map { (heads[made.place].key, $0) } }
            return (made.flatMap(\.statements), Dictionary(powers) { first, _ in first })
        }
    }

    private func read(_ heads: [AnswerHead], on connection: Connection) async throws -> SilverMaterial {
        var material = SilverMaterial()
        var missing: [AnswerKey] = []
        for head in heads {
            if let content = feed.take(head.key, sha256: head.sha256) {
                material.read(head.key, content)
            } else {
                missing.append(head.key)
            }
        }
        if missing.isEmpty { return material }
        for row in try await connection.query(SilverQueries.bodies(of: missing)) {
            let (place, body) = try row.decode(Int.self, [UInt8].self)
            material.read(missing[place - 1], body: body)
        }
        return material
    }

    /// Notes documents that were sent as text and did not become jsonb.
    private func note(_ filled: [Rows], _ inventory: SilverInventory, in material: inout SilverMaterial) throws {
        for (row, activity) in zip(filled[0], inventory.activities) {
            let (summary, detail) = try row.decode(Bool.self, Bool.self)
            if let head = activity.summary, !summary, material.text(head) != nil { material.refuse(head.key) }
            if let head = activity.detail, !detail, material.text(head) != nil { material.refuse(head.key) }
        }
        for (row, athlete) in zip(filled[1], inventory.athletes) {
            let profile = try row.decode(Bool.self)
            if let head = athlete.profile, !profile, material.text(head) != nil { material.refuse(head.key) }
        }
    }
}
