import Core
import Foundation

/// The way of one request: whose it is, what the script says, the rate limit, the endpoint, the gate, the log.
extension StravaSimulator {
    func answer(_ request: SimulatorRequest) async -> SimulatorAnswer {
        let receivedAt = clock.now
        let caller = state.withLock { $0.caller(of: request, now_s: receivedAt.epoch_s) }
        let fault = faults.take(method: request.method, path: request.path, athlete: caller.athlete)
        let verdict = count(request, caller, receivedAt)
        var answer = await self.answer(request, caller, fault, verdict)
        // Streams come from another backend; 401 and 404 were recorded without the headers too (docs/strava-api.md 2).
        if verdict.isCounted, !request.endpoint.isStreams, answer.status != 401, answer.status != 404, !isOfTheEdge(fault) {
            answer.headers += verdict.headers
        }
        await passGates(request, caller)
        log(request, caller, answer, receivedAt, isCounted: verdict.isCounted)
        return answer
    }

    private func answer(
        _ request: SimulatorRequest, _ caller: Caller, _ fault: Fault.Response?, _ verdict: QuotaVerdict
    ) async -> SimulatorAnswer {
        switch fault {
        case .status(let status, let body): return .json(Array(body.utf8), status: status)
        case .html(let status): return .html("<html><body><h1>\(status)</h1></body></html>", status: status)
        case .malformed: return .json(Array(#"{"message": "half an ans"#.utf8))
        case .emptyStreams: return .json(Array("{}".utf8))
        case .reset: return SimulatorAnswer(status: 0, body: [], delivery: .reset)
        case .delay(let duration): try? await Task.sleep(for: duration)
        case .truncatedBody, .resetAfterEffect, nil: break
        }
        if !verdict.isAllowed { return .fault(.rateLimited) }
        var answer = await route(request, caller)
        if case .truncatedBody = fault { answer.delivery = .truncated }
        if case .resetAfterEffect = fault { answer = SimulatorAnswer(status: 0, body: [], delivery: .reset) }
        return answer
    }

    /// Pages of the edge were never near the counters.
    private func isOfTheEdge(_ fault: Fault.Response?) -> Bool {
        if case .html = fault { true } else { false }
    }

    /// A call with a token that was never issued belongs to no application and can't be counted.
    private func count(_ request: SimulatorRequest, _ caller: Caller, _ at: Date) -> QuotaVerdict {
        let endpoint = request.endpoint
        let isCounted = endpoint.isCounted && caller.athlete != nil && (options.countsStreams || !endpoint.isStreams)
        return state.withLock { state in
            guard isCounted else { return QuotaVerdict(isCounted: false, isAllowed: true, headers: []) }
            let isAllowed = state.quota.received(isRead: endpoint.isRead, now_s: at.epoch_s)
            state.headerSpelling += 1
            let headers = state.quota.headers(isRead: endpoint.isRead)
            return QuotaVerdict(
                isCounted: true, isAllowed: isAllowed, headers: headers.map { (spelled($0.name, state.headerSpelling), $0.value) })
        }
    }

    /// As documented, as on the wire, and as HTTP/2 has it, by turns.
    private func spelled(_ name: String, _ turn: Int) -> String {
        switch turn % 3 {
        case 0: name
        case 1: name.split(separator: "-").map(\.capitalized).joined(separator: "-")
        default: name.lowercased()
        }
    }

    private func passGates(_ request: SimulatorRequest, _ caller: Caller) async {
        let gates = state.withLock { $0.gates }
        for gate in gates where gate.match.matches(request.method, request.path, caller.athlete) { await gate.pass() }
    }

    private func log(
        _ request: SimulatorRequest, _ caller: Caller, _ answer: SimulatorAnswer, _ receivedAt: Date, isCounted: Bool
    ) {
        log.append { number in
            LoggedRequest(
                number: number, method: request.method, path: request.path, query: request.loggableQuery,
                endpoint: request.endpoint.name, athlete: caller.athlete, activity: request.endpoint.activity,
                status: answer.status, receivedAt: receivedAt, tokenPlace: request.accessToken?.place ?? .none,
                isCounted: isCounted)
        }
    }
}

/// What the rate limit says to a request, and the headers for its answer.
private struct QuotaVerdict {
    let isCounted: Bool
    let isAllowed: Bool
    let headers: [(name: String, value: String)]
}
