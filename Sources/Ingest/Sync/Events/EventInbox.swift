import Core
import Database
import Foundation
import StravaAPI
import SyncStore

/// Writes events as they come, many in one transaction: while one group is being committed, the next gathers. So a commit, which waits for the
/// disk, is shared by all that arrived during the one before, and no event is answered before it is on disk.
///
/// An athlete whose schedule another transaction holds, a landing for instance, does not keep the group waiting: such events are written beside
/// it, in a second group that waits for them.
actor EventInbox {
    /// Events in one transaction.
    private static let groupMax = 200
    /// Events that wait to be written; more are refused, and Strava sends them again. 300 bytes each.
    private static let waitingMax = 4_000

    private struct Waiting: Sendable {
        let event: StravaEvent
        let arrivedAt: ContinuousClock.Instant
        let answer: CheckedContinuation<Bool, any Error>
    }

    /// A line of events, and whether somebody writes them.
    private struct Lane {
        var waiting: [Waiting] = []
        var isServed = false
    }

    private let database: Database
    private let clock: WallClock
    private let backlog: EventBacklog
    private var arrived = Lane()
    /// Events of athletes whose schedule was held.
    private var held = Lane()

    init(database: Database, clock: WallClock, backlog: EventBacklog) {
        self.database = database
        self.clock = clock
        self.backlog = backlog
    }

    /// Returns once the event is committed. False: its athlete is unknown, or it was stored before.
    ///
    /// - Throws: `DatabaseError`; `busy` when too many events wait.
    func write(_ event: StravaEvent) async throws -> Bool {
        guard arrived.waiting.count + held.waiting.count < Self.waitingMax else {
            throw DatabaseError(.busy, "\(Self.waitingMax) events wait to be written")
        }
        return try await withCheckedThrowingContinuation { answer in
            arrived.waiting.append(Waiting(event: event, arrivedAt: .now, answer: answer))
            if arrived.isServed { return }
            arrived.isServed = true
            // Not a child task: the request that came first may be given up, and the group is everybody's. It ends when nothing waits.
            Task { await serveArrived() }
        }
    }

    private func serveArrived() async {
        while let first = arrived.waiting.first {
            backlog.note(oldest: first.arrivedAt)
            await write(Self.nextGroup(&arrived), skipsHeld: true)
        }
        backlog.note(oldest: nil)
        arrived.isServed = false
    }

    private func serveHeld() async {
        while !held.waiting.isEmpty { await write(Self.nextGroup(&held), skipsHeld: false) }
        held.isServed = false
    }

    private static func nextGroup(_ lane: inout Lane) -> [Waiting] {
        let group = Array(lane.waiting.prefix(groupMax))
        lane.waiting.removeFirst(group.count)
        return group
    }

    private func write(_ group: [Waiting], skipsHeld: Bool) async {
        do {
            let written = try await retrying { try await self.store(group.map(\.event), skipsHeld: skipsHeld) }
            for (waiting, isNew) in zip(group, written.isNew) {
                if written.held.contains(waiting.event.owner) {
                    held.waiting.append(waiting)
                } else {
                    waiting.answer.resume(returning: isNew)
                }
            }
        } catch let error as DatabaseError where group.count > 1 && error.retryAdvice == .never {
            // One of them can't be stored: each stands for itself.
            for waiting in group { await write([waiting], skipsHeld: skipsHeld) }
        } catch {
            for waiting in group { waiting.answer.resume(throwing: error) }
        }
        if held.waiting.isEmpty || held.isServed { return }
        held.isServed = true
        // Not a child task, for the same reason.
        Task { await serveHeld() }
    }

    // MARK: The transaction

    /// Strava waits two seconds, and repeats an event that was not accepted twice.
    private func retrying<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        do { return try await body() } catch let error as DatabaseError where error.code == .serialization {
            return try await body()
        }
    }

    /// - Parameter skipsHeld: events of athletes whose schedule another transaction holds are not written; `held` names the athletes.
    private func store(_ events: [StravaEvent], skipsHeld: Bool) async throws -> (isNew: [Bool], held: Set<AthleteID>) {
        let now = clock.now
        let owners = Array(Set(events.map(\.owner)))
        return try await database.transaction { connection in
            let locks = try await connection.pipeline(
                skipsHeld
                    ? [RowLock.freeSchedules(of: owners), RowLock.knownSchedules(of: owners)]
                    : [RowLock.schedule(of: owners), RowLock.knownSchedules(of: owners)])
            let known = Set(try locks[1].map { try $0.decode(AthleteID.self) })
            let ours = skipsHeld ? Set(try locks[0].map { try $0.decode(AthleteID.self) }) : known
            var added = try await self.add(events.filter { ours.contains($0.owner) }, on: connection, now: now)
            // The same event twice in one group is new once.
            return (events.map { added.remove(EventKey($0)) != nil }, known.subtracting(ours))
        }
    }

    private func add(_ events: [StravaEvent], on connection: Connection, now: Date) async throws -> Set<EventKey> {
        if events.isEmpty { return [] }
        let rows = try await connection.query(EventTable.add(events.map(EventRow.init), now: now))
        let added = Set(try rows.map { try EventKey($0) })
        let new = events.filter { added.contains(EventKey($0)) }
        if new.isEmpty { return [] }
        var statements = [ScheduleTable.announce(Array(Set(new.map(\.owner))), now: now)]
        for event in new where event.objectType == "activity" && event.aspectType != "create" {
            statements.append(CompletenessTable.reopenDetail(of: event.objectID, of: event.owner, now: now))
        }
        statements.append("SELECT pg_notify('sync', '')")
        statements += new.filter(\.isDeauthorization).map { ErasureTable.suspect($0.owner, now: now) }
        _ = try await connection.pipeline(statements)
        return added
    }
}

/// What makes an event the same as another; instants to the millisecond.
private struct EventKey: Hashable {
    private let athlete: AthleteID
    private let objectType: String
    private let objectID: Int64
    private let aspectType: String
    private let at_ms: Int64

    init(_ event: StravaEvent) {
        (athlete, objectType, objectID, aspectType) = (event.owner, event.objectType, event.objectID, event.aspectType)
        at_ms = Self.milliseconds(event.eventAt)
    }

    init(_ row: Row) throws {
        let (athlete, objectType, objectID, aspectType, at) = try row.decode(
            AthleteID.self, String.self, Int64.self, String.self, Date.self)
        (self.athlete, self.objectType, self.objectID, self.aspectType) = (athlete, objectType, objectID, aspectType)
        at_ms = Self.milliseconds(at)
    }

    static func milliseconds(_ at: Date) -> Int64 { Int64((at.timeIntervalSince1970 * 1000).rounded()) }
}

extension EventRow {
    fileprivate init(_ event: StravaEvent) {
        self.init(
            athlete: event.owner, objectType: event.objectType, objectID: event.objectID, aspectType: event.aspectType,
            // So that the instant that PostgreSQL returns is the same again: an instant of today is exact to a quarter of a microsecond.
            at: Date(timeIntervalSince1970: Double(EventKey.milliseconds(event.eventAt)) / 1000), updates: event.updates)
    }
}
