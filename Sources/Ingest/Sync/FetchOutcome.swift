import Core
import Foundation
import StravaAPI
import Streams
import SyncStore
import Warehouse

/// What an answer, or an error, means for one endpoint of an activity. Pure.
public enum FetchOutcome: Sendable {
    /// The answer lands in bronze; a streams answer comes decoded.
    case landed(StreamsAnswer?)
    /// The answer can't be what was asked for: it is set aside, stored data stays, and the endpoint is fetched again.
    case wrong(LedgerChange, WrongAnswer)
    /// The ledger changes and no answer lands.
    case ledger([LedgerChange])
    /// The token was refused: refresh it and ask again.
    case tokenRefused
    /// The error does not concern this activity: the turn ends with it.
    case stop(StravaError)
}

/// Judges a call for an activity and decides when it is tried again.
public struct OutcomeRules: Sendable {
    /// Streams and detail may be missing for minutes after an upload (docs/strava-api.md 3.4, 6): waits before "none" is believed, in s.
    public static let notReadyWaits_s: [Double] = [300, 900, 2_700]
    /// How Strava says that it has nothing.
    enum MissingReason: String, CaseIterable {
        case notFound = "404"
        case emptyAnswer = "empty answer"
    }

    /// The ledger's reason for streams that are fetched once more after a walk, before their absence is believed for good.
    static let secondLookReason = "second look"
    /// Second looks that one walk orders at most.
    static let secondLooksMax = 200
    /// Failures of one object, such as a 500 that only this object causes, before it is quarantined.
    public static let attemptsMax = 6
    /// First wait after a failure of one object, in seconds; doubled with each further one.
    public static let failureWait_s: Double = 300
    /// Waits after a wrong answer, in seconds; after the last one the object stays in quarantine.
    public static let wrongAnswerWaits_s: [Double] = [300, 3_600, 86_400]
    /// An activity that the first walk found and that started longer ago than this has been processed by Strava, in seconds.
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

    private var attempts: Int { max(0, item.missing[endpoint] ?? 0) }

    /// - Parameter athlete: whose token was used.
    public func answered(_ answer: StravaAnswer, athlete: AthleteID) -> FetchOutcome {
        if endpoint == .zones, OutcomeRules.isEmptyJSON(answer.body) { return missing(.emptyAnswer) }
        guard endpoint == .streams else {
            return AnswerCheck.fault(of: answer.body, to: answer.call, athlete: athlete).map(wrong) ?? .landed(nil)
        }
        if OutcomeRules.isEmptyJSON(answer.body) { return missing(.emptyAnswer) }
        let streams = StreamsAnswer(body: answer.body)
        switch streams.condition {
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
        // Zones are for subscribers; a new grant asks again.
        case .forbidden where endpoint == .zones: return change(.noScope, reason: error.code.rawValue)
        case .serverError, .badRequest, .forbidden: return retryLater(error)
        default: return .stop(error)
        }
    }

    /// Strava has nothing, perhaps not yet: retried while the activity is young, then believed until the next walk, after which streams are
    /// fetched once more. Zones are asked for behind them, when Strava has processed the activity.
    private func missing(_ reason: MissingReason) -> FetchOutcome {
        if endpoint == .zones { return change(.empty, reason: reason.rawValue) }
        if endpoint == .streams && item.isSecondLook { return change(.empty, reason: "\(reason.rawValue), twice") }
        if !isSettled && !isUnlisted && attempts < OutcomeRules.notReadyWaits_s.count {
            return change(.failed, reason: "not ready: \(reason.rawValue)", wait_s: OutcomeRules.notReadyWaits_s[attempts])
        }
        return endpoint == .streams ? change(.empty, reason: reason.rawValue) : gone(reason.rawValue)
    }

    /// Found by the first walk and old, so Strava has processed it. An activity found later is a late upload, however old its start.
    private var isSettled: Bool {
        let foundByFirstWalk = cursor.firstCompleteAt.map { item.firstListedAt <= $0 } ?? true
        return foundByFirstWalk && now.timeIntervalSince(item.startAt) > OutcomeRules.settledAge_s
    }

    /// The last walk did not name it. Unknown while a walk is under way.
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

    /// The list no longer names it, or the activity has had time to appear, and its own URL answers 404: the whole activity becomes a tombstone.
    private func gone(_ reason: String) -> FetchOutcome {
        .ledger(
            [CompletenessEndpoint.summary, .detail, .streams].map {
                LedgerChange(activityID: item.activityID, endpoint: $0, state: .gone, reason: reason, countsAsAttempt: $0 == endpoint)
            })
    }

    /// `{}` and `[]`, with any white space.
    static func isEmptyJSON(_ body: [UInt8]) -> Bool {
        let content = body.filter { $0 > 0x20 }
        return content == Array("{}".utf8) || content == Array("[]".utf8)
    }
}

/// What one call of a turn brought.
struct TurnAnswer: Sendable {
    let call: TurnCall
    /// When the call was begun.
    let askedAt: Date
    let result: Result<StravaAnswer, any Error>

    /// What it changes, for a call about an activity or an own object. Decodes streams, so it runs beside the turn.
    @concurrent
    func judged(_ claim: Claim, _ state: SyncState, now: Date) async -> TurnJudgement {
        var judgement = TurnJudgement(call: call, batch: BronzeBatch(athleteID: claim.athleteID, lease: claim.lease))
        switch (call, result) {
        case (.list, _): break
        case (.activity(let item, let endpoint), .success(let answer)):
            let rules = OutcomeRules(item: item, endpoint: endpoint, cursor: state.cursor, now: now)
            judgement.add(rules.answered(answer, athlete: claim.athleteID), item, endpoint, answer, state.request)
        case (.activity(let item, let endpoint), .failure(let error as StravaError)):
            let rules = OutcomeRules(item: item, endpoint: endpoint, cursor: state.cursor, now: now)
            judgement.add(rules.failed(error), item, endpoint, nil, state.request)
            if endpoint == .zones, error.code == .paymentRequired { judgement.giveUpZones(of: state.work) }
        case (.object(let object), .success(let answer)):
            judgement.add(answer, of: state.standing(of: object), now: now)
        case (.object(let object), .failure(let error as StravaError)):
            if let change = state.standing(of: object).failed(error, now: now) {
                judgement.batch.objects.append(change)
            } else {
                judgement.trouble = error
            }
        case (_, .failure(let error)): judgement.trouble = error
        }
        return judgement
    }
}

/// What one answer changes, ready to land.
struct TurnJudgement: Sendable {
    let call: TurnCall
    fileprivate(set) var batch: BronzeBatch
    /// The answer concerns more than what was asked for: the turn ends once what has arrived has landed.
    fileprivate(set) var trouble: (any Error)?
    /// The profile is another athlete's: nothing that its token brought lands.
    fileprivate(set) var isOtherAthletes = false

    fileprivate mutating func add(
        _ outcome: FetchOutcome, _ item: WorkItem, _ endpoint: CompletenessEndpoint, _ answer: StravaAnswer?, _ request: SyncRequest?
    ) {
        switch outcome {
        case .landed(let streams):
            guard let answer else { return }
            batch.answers.append(
                BronzeAnswer(
                    endpoint: endpoint.bronze, objectID: item.activityID.rawValue,
                    request: answer.call.pathAndQuery, status: answer.status, fetchedAt: answer.fetchedAt, body: answer.body,
                    streams: streams))
            batch.ledger.append(
                LedgerChange(
                    activityID: item.activityID, endpoint: endpoint, state: .landed,
                    reason: endpoint == .streams ? request?.streamsReason : nil, countsAsAttempt: true))
        case .wrong(let change, let fault):
            batch.ledger.append(change)
            batch.quarantine.append(
                QuarantineEntry(
                    endpoint: endpoint.rawValue, objectID: item.activityID.rawValue, reason: fault.rawValue,
                    detail: change.state == .failed ? "asked for again at the ledger's next try" : nil,
                    // Nothing of another athlete's is kept.
                    body: fault == .otherAthlete ? nil : answer.map { Array($0.body.prefix(RejectedElement.bodyBytesMax)) }))
        case .ledger(let changes):
            batch.ledger += changes
            for change in changes where change.state == .quarantined {
                batch.quarantine.append(
                    QuarantineEntry(endpoint: endpoint.rawValue, objectID: item.activityID.rawValue, reason: change.reason ?? "failed"))
            }
        case .tokenRefused: trouble = SyncError(.tokenRefused, "Strava refuses this athlete's access token, a fresh one too")
        case .stop(let error): trouble = error
        }
    }

    /// The athlete does not subscribe: what Strava said of one activity's zones holds for those of all known work.
    fileprivate mutating func giveUpZones(of work: [WorkItem]) {
        guard let refused = batch.ledger.first(where: { $0.endpoint == .zones }) else { return }
        batch.ledger += work.filter { $0.missing[.zones] != nil && $0.activityID != refused.activityID }.map {
            LedgerChange(activityID: $0.activityID, endpoint: .zones, state: refused.state, reason: refused.reason)
        }
    }

    fileprivate mutating func add(_ answer: StravaAnswer, of standing: ObjectStanding, now: Date) {
        let (object, athlete) = (standing.object, batch.athleteID)
        guard let fault = AnswerCheck.fault(of: answer.body, to: answer.call, athlete: athlete) else {
            batch.answers.append(
                BronzeAnswer(
                    endpoint: object.endpoint, objectID: object.answerID(athlete), request: answer.call.pathAndQuery, status: answer.status,
                    fetchedAt: answer.fetchedAt, body: answer.body))
            batch.objects.append(ObjectChange(object, .landed))
            return
        }
        if fault == .otherAthlete {
            isOtherAthletes = true
            return
        }
        batch.objects.append(standing.answeredWrongly(fault, now: now))
        batch.quarantine.append(
            QuarantineEntry(
                endpoint: object.kind.rawValue, objectID: object.answerID(athlete), reason: fault.rawValue,
                body: Array(answer.body.prefix(RejectedElement.bodyBytesMax))))
    }
}

extension CompletenessEndpoint {
    fileprivate var bronze: BronzeEndpoint {
        switch self {
        case .summary: .activitySummary
        case .detail: .activity
        case .streams: .streams
        case .zones: .activityZones
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
}
