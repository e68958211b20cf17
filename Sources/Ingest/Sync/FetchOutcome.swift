import Core
import Foundation
import StravaAPI
import Streams
import SyncStore
import Warehouse

/// What an answer, or its absence, means for one activity's endpoint. Pure.
public enum FetchOutcome: Sendable {
    /// The answer lands in bronze; with its streams, if it is one of streams.
    case landed(StreamsAnswer?)
    /// The answer can't be one to what was asked: it is set aside, what is here stays, and it is asked for again.
    case wrong(LedgerChange, WrongAnswer)
    /// The ledger is changed and nothing lands.
    case ledger([LedgerChange])
    /// The token was refused: refresh it and ask again.
    case tokenRefused
    /// Nothing about this activity: the whole turn stops with this error.
    case stop(StravaError)
}

/// Reads the outcome of a call for an activity and sets the next try.
public struct OutcomeRules: Sendable {
    /// Streams and details may be missing for minutes after an upload (docs/strava-api.md 3.4, 6): waits before "none" is believed, in s.
    public static let notReadyWaits_s: [Double] = [300, 900, 2_700]
    /// How Strava said that there is nothing.
    enum MissingReason: String, CaseIterable {
        case notFound = "404"
        case emptyAnswer = "empty answer"
    }

    /// The ledger's reason for streams that are asked for once more after a walk, before none is believed for good.
    static let secondLookReason = "second look"
    /// Second looks that one walk orders at most.
    static let secondLooksMax = 200
    /// Failures of one object (a 500 that is pinned to it, a body that is no JSON) before it is set aside.
    public static let attemptsMax = 6
    /// First wait after a failure of one object, in seconds; doubled with each further one.
    public static let failureWait_s: Double = 300
    /// Waits after an answer that can't be one to what was asked, in seconds; after the last one it stays in the quarantine.
    public static let wrongAnswerWaits_s: [Double] = [300, 3_600, 86_400]
    /// An activity that started longer ago than this and was found by the first walk has been ready for long, in seconds.
    public static let settledAge_s: Double = 3 * 86_400

    public let item: WorkItem
    public let endpoint: CompletenessEndpoint
    public let cursor: SyncCursor
    public let now: Date

    public init(item: WorkItem, endpoint: CompletenessEndpoint, cursor: SyncCursor, now: Date) {
        self.item = item
        self.endpoint = endpoint
        self.cursor = cursor
        self.now = now
    }

    private var attempts: Int { item.missing[endpoint] ?? 0 }

    /// - Parameter athlete: whose token was used.
    public func answered(_ answer: StravaAnswer, athlete: AthleteID) -> FetchOutcome {
        guard endpoint == .streams else {
            return AnswerCheck.fault(of: answer.body, to: answer.call, athlete: athlete).map(wrong) ?? .landed(nil)
        }
        if OutcomeRules.isEmptyJSON(answer.body) { return missing(.emptyAnswer) }
        let streams = StreamsAnswer(body: answer.body)
        switch streams.verdict {
        case .good: return .landed(streams)
        case .empty: return missing(.emptyAnswer)
        case .unreadable: return wrong(.unreadable)
        case .noStreams: return wrong(.noStreams)
        case .form: return wrong(.wrongShape)
        case .lengths: return wrong(.streamLengths)
        }
    }

    private func wrong(_ fault: WrongAnswer) -> FetchOutcome {
        let waits = OutcomeRules.wrongAnswerWaits_s
        let change = LedgerChange(
            activityID: item.activityID, endpoint: endpoint, state: attempts < waits.count ? .failed : .quarantined, reason: fault.rawValue,
            nextTryAt: attempts < waits.count ? now.addingTimeInterval(waits[attempts]) : nil, countsAsAttempt: true)
        return .wrong(change, fault)
    }

    public func failed(_ error: StravaError) -> FetchOutcome {
        if error.isApplicationWide { return .stop(error) }
        switch error.code {
        case .tokenDead: return .tokenRefused
        case .notFound: return missing(.notFound)
        case .scopeMissing: return change(.noScope, reason: error.missingScope ?? "scope missing")
        case .paymentRequired: return change(.noScope, reason: "payment required")
        case .unreadable: return wrong(.unreadable)
        case .serverError, .badRequest, .forbidden: return retryLater(error)
        default: return .stop(error)
        }
    }

    /// Nothing there: perhaps not yet. Retried while it is young, then believed until the next walk, which has streams looked for again.
    private func missing(_ reason: MissingReason) -> FetchOutcome {
        if endpoint == .streams && item.isSecondLook { return change(.empty, reason: "\(reason.rawValue), twice") }
        if !isSettled && !isUnlisted && attempts < OutcomeRules.notReadyWaits_s.count {
            return change(.failed, reason: "not ready: \(reason.rawValue)", wait_s: OutcomeRules.notReadyWaits_s[attempts])
        }
        return endpoint == .streams ? change(.empty, reason: reason.rawValue) : gone(reason.rawValue)
    }

    /// Found by the first walk, and old: no longer in the making. What a later walk found is a late upload, however old its date.
    private var isSettled: Bool {
        let foundByFirstWalk = cursor.firstCompleteAt.map { item.firstListedAt <= $0 } ?? true
        return foundByFirstWalk && now.timeIntervalSince(item.startAt) > OutcomeRules.settledAge_s
    }

    /// The last walk over the whole list did not name it. While a walk is under way nobody knows.
    private var isUnlisted: Bool {
        guard cursor.walkPage == nil, cursor.historyCompleteAt != nil, let walked = cursor.walkStartedAt else { return false }
        return item.lastListedAt < walked
    }

    private func retryLater(_ error: StravaError) -> FetchOutcome {
        if attempts + 1 >= OutcomeRules.attemptsMax { return change(.quarantined, reason: error.code.rawValue) }
        return change(.failed, reason: error.code.rawValue, wait_s: OutcomeRules.failureWait_s * Double(1 << attempts))
    }

    private func change(_ state: CompletenessState, reason: String, wait_s: Double? = nil) -> FetchOutcome {
        .ledger([
            LedgerChange(
                activityID: item.activityID, endpoint: endpoint, state: state, reason: reason,
                nextTryAt: wait_s.map { now.addingTimeInterval($0) }, countsAsAttempt: true)
        ])
    }

    /// The list no longer names it, or named it a while ago, and its own address answers 404: the second look. All of it gets the tombstone.
    private func gone(_ reason: String) -> FetchOutcome {
        .ledger(
            [CompletenessEndpoint.summary, .detail, .streams].map {
                LedgerChange(activityID: item.activityID, endpoint: $0, state: .gone, reason: reason, countsAsAttempt: $0 == endpoint)
            })
    }

    /// `{}` and `[]`, whatever white space they hold.
    static func isEmptyJSON(_ body: [UInt8]) -> Bool {
        let content = body.filter { $0 > 0x20 }
        return content == Array("{}".utf8) || content == Array("[]".utf8)
    }
}

/// One call for an activity with what it means.
struct FetchResult: Sendable {
    let endpoint: CompletenessEndpoint
    let call: StravaCall
    let answer: StravaAnswer?
    let outcome: FetchOutcome

    /// What concerns more than this activity and ends the turn.
    var trouble: (any Error)? {
        switch outcome {
        case .landed, .ledger, .wrong: nil
        case .tokenRefused: SyncError(.tokenRefused, "Strava refuses this athlete's access token, a fresh one too")
        case .stop(let error): error
        }
    }
}

extension BronzeBatch {
    var isEmpty: Bool { answers.isEmpty && listed.isEmpty && ledger.isEmpty && quarantine.isEmpty && cursor == nil && objects.isEmpty }

    /// Adds what another batch of the same athlete and lease changes; list pages are not joined.
    mutating func append(_ other: BronzeBatch) {
        answers += other.answers
        ledger += other.ledger
        quarantine += other.quarantine
        objects += other.objects
    }

    /// Adds the page's activities as one answer each, its list rows, and what could not be read.
    mutating func add(_ page: ActivityPage, request: String, answer: StravaAnswer) {
        for activity in page.activities {
            answers.append(
                BronzeAnswer(
                    endpoint: .activitySummary, objectID: activity.activityID.rawValue, request: request, status: answer.status,
                    fetchedAt: answer.fetchedAt, body: activity.body))
            listed.append(
                ListedRow(
                    activityID: activity.activityID, startAt: activity.startAt, manual: activity.manual,
                    fingerprint: activity.fingerprint))
            if let gear = activity.gearID.flatMap(AthleteObject.gear) { gearUses.append(GearUse(gear: gear, startAt: activity.startAt)) }
        }
        for rejected in page.rejected {
            quarantine.append(
                QuarantineEntry(
                    endpoint: "summary", objectID: rejected.quarantineID, reason: rejected.reason.rawValue,
                    body: rejected.reason == .otherAthlete ? nil : rejected.body))
        }
    }

    /// Adds the outcome of one call for an activity.
    mutating func add(_ result: FetchResult, item: WorkItem, streamsReason: String? = nil) {
        switch result.outcome {
        case .landed(let streams):
            guard let answer = result.answer else { return }
            answers.append(
                BronzeAnswer(
                    endpoint: result.endpoint == .detail ? .activity : .streams, objectID: item.activityID.rawValue,
                    request: result.call.pathAndQuery, status: answer.status, fetchedAt: answer.fetchedAt, body: answer.body,
                    streams: streams))
            ledger.append(
                LedgerChange(
                    activityID: item.activityID, endpoint: result.endpoint, state: .landed,
                    reason: result.endpoint == .streams ? streamsReason : nil, countsAsAttempt: true))
        case .wrong(let change, let fault):
            ledger.append(change)
            quarantine.append(
                QuarantineEntry(
                    endpoint: result.endpoint.rawValue, objectID: item.activityID.rawValue, reason: fault.rawValue,
                    detail: change.state == .failed ? "asked for again at the ledger's next try" : nil,
                    // Nothing of another athlete's is kept.
                    body: fault == .otherAthlete ? nil : result.answer.map { Array($0.body.prefix(RejectedElement.bodyBytesMax)) }))
        case .ledger(let changes):
            ledger += changes
            for change in changes where change.state == .quarantined {
                quarantine.append(
                    QuarantineEntry(
                        endpoint: result.endpoint.rawValue, objectID: item.activityID.rawValue, reason: change.reason ?? "failed"))
            }
        case .tokenRefused, .stop: break
        }
    }

    /// Adds the answer for one of the athlete's own objects.
    ///
    /// - Parameter fault: why it can't be an answer to what was asked; nil: it lands.
    mutating func add(_ answer: StravaAnswer, of object: AthleteObject, _ standing: ObjectStanding, _ fault: WrongAnswer?, now: Date) {
        guard let fault else {
            answers.append(
                BronzeAnswer(
                    endpoint: object.endpoint, objectID: object.answerID(athleteID), request: object.call.pathAndQuery,
                    status: answer.status, fetchedAt: answer.fetchedAt, body: answer.body))
            objects.append(ObjectChange(object, .landed))
            return
        }
        objects.append(standing.answeredWrongly(fault, now: now))
        quarantine.append(
            QuarantineEntry(
                endpoint: object.kind.rawValue, objectID: object.answerID(athleteID), reason: fault.rawValue,
                body: Array(answer.body.prefix(RejectedElement.bodyBytesMax))))
    }
}

extension RejectedElement {
    /// The activity's number, or, when it has no readable one, a negative number made from the hash of its bytes: the same element
    /// is set aside once, however often it is listed.
    var quarantineID: Int64 {
        if let activityID { return activityID.rawValue }
        return -Int64(stableHash(body) >> 1) - 1
    }
}
