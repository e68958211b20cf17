import Governor
import Testing

@testable import Simulation

/// Some simulated hours with the real decisions; `make simulate` shows a week.
@Suite struct SimulationTests {
    private func measures(_ change: (inout Scenario) -> Void) -> Measures {
        let seed = UInt64.random(in: 0...999_999)
        print("simulation seed \(seed)")
        var scenario = Scenario(name: "test", athletes: 100, start: .empty)
        scenario.hours = 4
        scenario.newcomersPerDay = 24
        change(&scenario)
        var simulation = Simulation(scenario, seed: seed)
        return simulation.run()
    }

    /// 99 percent on the whole. A single quarter hour may miss that by a few calls: when only streams calls wait at its end, whose answers
    /// say nothing about the usage, some calls may or may not be counted already and are left.
    private func checkUse(_ measures: Measures) {
        let shares = measures.quarterShares
        #expect(shares.reduce(0, +) >= 0.99 * Double(shares.count), "\(shares)")
        #expect(shares.allSatisfy { $0 >= 0.975 }, "\(shares)")
    }

    @Test func `quarter hours with a backlog are used to 99 percent and nothing is refused`() {
        let measures = measures { $0.policy = .spend }
        #expect(measures.refused == 0)
        #expect(measures.quarterShares.count >= 13)
        checkUse(measures)
    }

    @Test func `athletes with equal demand get equal shares`() throws {
        let measures = measures { $0.newcomersPerDay = 0 }
        let jain = try #require(measures.jain)
        #expect(measures.refused == 0)
        #expect(measures.equalDemand.count >= 50)
        #expect(jain >= 0.99, "\(measures.equalDemand)")
    }

    @Test func `a newcomer's newest activities come within minutes, however much else waits`() {
        let measures = measures { $0.newcomersPerDay = 48 }
        #expect(measures.newcomers_s.count >= 5)
        #expect(measures.newcomers_s.allSatisfy { $0 < 300 }, "\(measures.newcomers_s)")
    }

    @Test func `others' calls are left room for`() {
        let measures = measures {
            $0.policy = .spend
            $0.foreignPerHour = 300
            $0.hours = 2
        }
        #expect(measures.refused == 0)
        checkUse(measures)
    }

    @Test func `the same seed gives the same table`() {
        let tables = (0..<2).map { _ in
            var scenario = Scenario(name: "test", athletes: 30, start: .loaded)
            scenario.hours = 2
            var simulation = Simulation(scenario, seed: 5)
            var table = ReportTable()
            table.add(scenario, simulation.run())
            return table.text
        }
        #expect(tables[0] == tables[1])
        #expect(tables[0].contains(#/429 \| \d+, 0 \|/#))
    }
}
