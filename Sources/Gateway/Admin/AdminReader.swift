import ControlAPI
import Core
import Database
import Foundation

/// What the operator's overview shows, read once for all who look.
struct AdminState: Sendable {
    let now: Date
    let status: StatusMessage
    let limits: LimitsMessage
    let attention: [AdminAttention]
    /// Athletes who need attention, those beyond the list too.
    let attentionCount: Int
    let work: [AdminWork]
    let slow: AdminSlowFigures
    let lag: SilverLag.Figures
}

/// Figures that are read less often than they are looked at, since they read many rows.
struct AdminSlowFigures: Sendable {
    var newToday = 0
    var newestAt: Date?
    /// Median seconds from an event's receipt to the end of the turn that handled it, of the last 24 hours; nil: there was none.
    var eventMedian_s: Double?
    var left: [AdminLeft] = []
    var errors: [AdminError] = []
}

/// An athlete who needs a person.
struct AdminAttention: Sendable {
    let athlete: Int64
    let who: String
    let uid: String?
    let state: String
    let reason: String?
    let since: Date?
    let scope: String
    let failures: Int
    let lastError: String?
    let dueAt: Date?
    let quarantined: Int
}

/// An athlete in work.
struct AdminWork: Sendable {
    let who: String
    let priority: Int
    let isAskedFor: Bool
    let startedAt: Date?
    let walkPage: Int?
    /// Answers known to be missing, and the start of the newest activity that lacks one.
    let left: Int
    let nextStartAt: Date?
}

/// An athlete with answers missing.
struct AdminLeft: Sendable {
    let who: String
    let left: Int
    let all: Int
}

/// A turn that failed.
struct AdminError: Sendable {
    let at: Date
    let who: String
    let isAskedFor: Bool
    let error: String
    let state: String
    let mendedAt: Date?
    let dueAt: Date?
}

/// Reads the overview's figures, at most every two seconds, however many look.
struct AdminReader: Sendable {
    private static let kept = Duration.seconds(2)

    /// Makes what keeps the figures.
    private let renewed: @Sendable () -> CachedValue<AdminState>
    private let current: Live<CachedValue<AdminState>>

    init(database: Database, control: AdminControl, lag: SilverLag, clock: WallClock) {
        let slow = CachedValue(.afterLoadTimes(20), clock: clock) { try await AdminQueries.slowFigures(database, now: clock.now) }
        renewed = {
            CachedValue(.after(Self.kept), clock: clock) {
                let now = clock.now
                let status: StatusMessage = try await control.read(ControlTarget(.status))
                let limits: LimitsMessage = try await control.read(ControlTarget(.limits))
                let (attention, count, work) = try await AdminQueries.current(database, now: now)
                return AdminState(
                    now: now, status: status, limits: limits, attention: attention, attentionCount: count, work: work,
                    slow: try await slow.value(), lag: lag.figures)
            }
        }
        current = Live(renewed())
    }

    /// Something was changed: who looks next sees it.
    func forget() { current.replace(with: renewed()) }

    /// - Throws: `DatabaseError`, `PageRefusal`.
    func state() async throws -> AdminState { try await current.value.value() }
}

/// The control API, typed.
struct AdminControl: Sendable {
    let ask: AskControl

    /// Looks.
    func read<Message: Decodable>(_ target: ControlTarget) async throws -> Message { try await answer(target, [], by: nil) }

    /// Changes something as the account, which is recorded.
    func change<Message: Decodable>(
        _ target: ControlTarget, _ body: (any Encodable & Sendable)? = nil, by account: AdminAccount
    ) async throws -> Message {
        try await answer(target, try body.map { try ControlJSON.encode($0) } ?? [], by: account)
    }

    /// - Throws: `PageRefusal` when the control API has not done it.
    private func answer<Message: Decodable>(
        _ target: ControlTarget, _ body: [UInt8], by account: AdminAccount?
    ) async throws -> Message {
        let answer = try await ask(target, body, account)
        guard (200..<300).contains(answer.status) else { throw Self.refusal(answer) }
        return try ControlJSON.decode(Message.self, from: answer.body)
    }

    private static func refusal(_ answer: (status: Int, body: [UInt8])) -> PageRefusal {
        let message = (try? ControlJSON.decode(ErrorMessage.self, from: answer.body))?.error.message ?? "fitnessd's log says why"
        return PageRefusal(
            status: .init(code: answer.status), title: "Not done",
            text: AdminText.line(message.prefix(1).uppercased() + message.dropFirst()) + ".",
            link: ("Back", "/"))
    }
}
