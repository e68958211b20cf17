import ControlAPI
import Governor

extension LimitsMessage {
    /// The governor's snapshot as the API shows it.
    init(_ snapshot: GovernorSnapshot) {
        let classes = RequestClass.allCases.map(\.name)
        self.init(
            windows: snapshot.windows.map(QuotaWindowMessage.init),
            queues: classes.map {
                Queue(requestClass: $0, waiting: snapshot.waiting[$0] ?? 0, granted: snapshot.granted[$0] ?? 0)
            },
            circuit: Circuit(
                state: snapshot.circuit.state.rawValue, reason: snapshot.circuit.reason?.rawValue, until: snapshot.circuit.until),
            waiting: snapshot.waitingReason.map { WaitingMessage(reason: $0.rawValue, until: snapshot.waitingUntil) })
    }
}

extension QuotaWindowMessage {
    init(_ window: WindowSnapshot) {
        self.init(
            window: window.span == .day ? "day" : "quarter_hour", limit: window.limit, overallLimit: window.overallLimit,
            readLimit: window.readLimit, used: window.used, foreign: window.foreign, reserved: window.reserved,
            exhausted: window.exhausted, resetsAt: window.resetsAt)
    }
}
