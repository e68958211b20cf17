import Core
import Foundation
import StravaAPI
import Testing

@testable import Governor

@Suite struct CircuitTests {
    @Test func `an inactive application opens the circuit at once, one good probe closes it`() {
        var circuit = Circuit()
        #expect(settle(&circuit, .trouble(.inactive), at: 0) == .opened(.inactive, backOff_s: 60))
        #expect(circuit.gate(at: 59) == .wait(until_s: 60, probing: false))
        #expect(circuit.gate(at: 60) == .probe)
        circuit.granted(9)
        #expect(circuit.gate(at: 61) == .wait(until_s: nil, probing: true))
        #expect(circuit.settled(9, .alive, athlete: AthleteID(1), at: 62) == .resumed(after: .inactive))
        #expect(circuit.gate(at: 62) == .pass)
    }

    @Test func `the back-off grows to its bound`() {
        var circuit = Circuit()
        _ = settle(&circuit, .trouble(.maintenance), at: 0)
        #expect(settle(&circuit, .trouble(.maintenance), at: 0) == .opened(.maintenance, backOff_s: 5))
        var now_s = 0.0
        var seen: [Double] = []
        for call in 100..<110 {
            now_s += 1000
            _ = circuit.gate(at: now_s)
            circuit.granted(UInt64(call))
            let event = circuit.settled(UInt64(call), .trouble(.maintenance), athlete: AthleteID(2), at: now_s)
            if case .stillOpen(_, let backOff_s) = event { seen.append(backOff_s) }
        }
        #expect(seen == [10, 20, 40, 80, 160, 300, 300, 300, 300, 300])
    }

    @Test func `JSON 500s for one object never open the circuit`() {
        var circuit = Circuit()
        for _ in 0..<100 { #expect(settle(&circuit, .trouble(.serverErrors), at: 0) == nil) }
        #expect(circuit.gate(at: 1) == .pass)
    }

    @Test func `JSON 500s for six athletes in a row open the circuit, a good answer restarts the count`() {
        var circuit = Circuit()
        var opened: [Int] = []
        for athlete in 1...11 {
            if athlete == 5 { _ = settle(&circuit, .alive, at: 0) }
            let event = circuit.settled(1, .trouble(.serverErrors), athlete: AthleteID(Int64(athlete)), at: 0)
            if event != nil { opened.append(athlete) }
        }
        #expect(opened == [10])
    }

    @Test func `a probe that was not sent is followed by another`() {
        var circuit = Circuit()
        _ = settle(&circuit, .trouble(.capacityExceeded), at: 0)
        _ = circuit.gate(at: 100)
        circuit.granted(7)
        #expect(circuit.settled(7, .nothing, athlete: AthleteID(1), at: 101) == nil)
        #expect(circuit.gate(at: 101) == .probe)
    }

    @Test func `an outcome is classified by what it says about the application`() {
        #expect(answered(404).verdict == .alive)
        #expect(answered(429).verdict == .alive)
        #expect(answered(500).verdict == .trouble(.serverErrors))
        #expect(answered(597).verdict == .trouble(.maintenance))
        #expect(CallOutcome.networkFailed(sent: false).verdict == .trouble(.network))
        #expect(CallOutcome.unknown.verdict == .nothing)
    }

    @Test func `an open circuit stops all calls, and the probe is made for another athlete`() throws {
        var bench = Bench()
        let scout = try bench.granted(.live, 1, at: moment(60))
        let incidents = bench.budget.settle(
            scout, .applicationTrouble(.inactive, rateLimit: nil, serverDate: nil), at: moment(60))
        #expect(incidents == [.circuitOpened(.inactive, kind: nil, until: moment(120).wall)])
        #expect(bench.refusal(.live, at: moment(61))?.0 == .circuitOpen)
        _ = bench.budget.request(.live, athlete: AthleteID(1))
        _ = bench.budget.request(.history, athlete: AthleteID(2))
        guard case .grant(_, let probe) = bench.next(at: moment(121)) else { throw NotGranted() }
        #expect(probe.athlete == AthleteID(2))
        guard case .wait(_, .circuitProbing) = bench.next(at: moment(122)) else { throw NotGranted() }
        #expect(bench.budget.settle(probe, answered(), at: moment(123)) == [.circuitClosed(after: .inactive)])
    }

    @Test func `network trouble is reported when it begins and when it stops calls, with its kind`() throws {
        var bench = Bench()
        func fail() throws -> [BudgetIncident] {
            bench.budget.settle(try bench.granted(.live, at: moment(60)), .networkFailed(sent: false, kind: "tls"), at: moment(60))
        }
        #expect(try fail() == [.troubleBegan(.network, kind: "tls")])
        #expect(try fail() == [])
        #expect(try fail() == [.circuitOpened(.network, kind: "tls", until: moment(65).wall)])
    }

    @Test func `a full queue of our own does not count as trouble at Strava`() {
        let outcome = CallOutcome(StravaError(code: .busy, reachedStrava: .no))
        #expect(outcome.verdict == .nothing && !outcome.isSpent)
    }

    private func settle(_ circuit: inout Circuit, _ verdict: Circuit.Verdict, at now_s: Double) -> Circuit.Event? {
        circuit.settled(1, verdict, athlete: AthleteID(1), at: now_s)
    }
}
