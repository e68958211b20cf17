import Database
import NIOCore

/// How many exports go at once, and how long one waits for its reader: each holds a connection to the database from its beginning to its end.
struct Exports: Sendable {
    static let countMax = ConnectionShares.exports
    /// A person may well read a screenful in a pager first.
    static let stallDefault: Duration = .seconds(60)

    private let stall: TimeAmount
    private let counter = ConnectionCounter(max: countMax)

    init(stall: Duration) {
        self.stall = TimeAmount(stall)
    }

    /// A place for one more export, free again when nobody holds it any more; nil when all are taken.
    func place() -> Place? {
        let place = Place(counter)
        return place.isWithinLimit ? place : nil
    }

    /// Runs `write`, which hands a piece to the reader at the other end of `channel`, and hangs up on a reader who does not take it in time.
    func hurry<Answer>(
        _ channel: any Channel, isolation: isolated (any Actor)? = #isolation, _ write: () async throws -> Answer
    ) async throws -> Answer {
        let limit = channel.eventLoop.scheduleTask(in: stall) {
            channel.close(promise: nil)
            throw Stalled()
        }
        do {
            let answer = try await write()
            limit.cancel()
            return answer
        } catch {
            limit.cancel()
            // A limit that was reached can't be cancelled any more and keeps its own error.
            do { try await limit.futureResult.get() } catch let stalled as Stalled { throw stalled } catch {}
            throw error
        }
    }

    struct Stalled: Error {}

    final class Place: Sendable {
        private let counter: ConnectionCounter
        let isWithinLimit: Bool

        init(_ counter: ConnectionCounter) {
            self.counter = counter
            isWithinLimit = counter.enter()
        }

        deinit { counter.leave() }
    }
}
