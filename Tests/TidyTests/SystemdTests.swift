import Foundation
import TestKit
import Testing

/// systemd's own tools read the unit files. (They only warn of an unknown key: what counts is that they say nothing.)
@Suite struct SystemdTests {
    /// Exposure as `systemd-analyze security` counts it, 0 to 100; 17 when this was written.
    private static let exposureMax = 20

    private static let units = ["fitnessd.service", "fitnessd.socket", "fitnessd-backup.service", "fitnessd-backup.timer"]

    /// Copies the units to `folder`, with a program that is there in place of the installed one.
    private func copyUnits(to folder: URL) throws {
        for name in Self.units {
            let unit = try #require(SourceTree.shared.file("systemd/\(name)")).text
            let text = unit.replacing(#/=\/usr\/bin\/fitness\w+/#, with: "=/bin/true")
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
    }

    @Test func `systemd-analyze verify says nothing about the units`() async throws {
        try await withTemporaryFolder { folder in
            try copyUnits(to: folder)
            let units = Self.units.map { folder.appending(path: $0).path }
            let answer = try await run("/usr/bin/systemd-analyze", ["verify", "--man=no"] + units)
            #expect(answer.status == 0)
            #expect(answer.output == "")
        }
    }

    /// systemd.unit(5): a unit with StopWhenUnneeded= is stopped once no unit that is active, has a job or will be restarted needs it.
    @Test func `the socket is needed by the service alone, so that it stops with it and outlives a restart`() throws {
        let lines = try #require(SourceTree.shared.file("systemd/fitnessd.socket")).lines
        #expect(lines.contains("StopWhenUnneeded=yes"))
        #expect(lines.filter { $0.contains(#/^(WantedBy|RequiredBy|Also|PartOf|BindsTo|Requires)=/#) } == ["WantedBy=fitnessd.service"])
    }

    @Test func `the service is exposed to little`() async throws {
        try await withTemporaryFolder { folder in
            try copyUnits(to: folder)
            let unit = folder.appending(path: "fitnessd.service").path
            let answer = try await run(
                "/usr/bin/systemd-analyze", ["security", "--offline=yes", "--no-pager", "--threshold=\(Self.exposureMax)", unit])
            #expect(answer.status == 0, "\(answer.output.suffix(200))")
        }
    }

    @Test func `each setting of the units is explained, alone or with those under the same sentence`() throws {
        for name in Self.units {
            let lines = try #require(SourceTree.shared.file("systemd/\(name)")).lines
            var isExplained = false
            for (number, line) in lines.enumerated() {
                if line.isEmpty || line.hasPrefix("[") {
                    isExplained = line.hasPrefix("[")
                } else if line.hasPrefix("#") {
                    isExplained = true
                }
                if line.contains(#/^[A-Z]\w+=/#) { #expect(isExplained, "\(name):\(number + 1) \(line)") }
            }
        }
    }

    @Test func `the account can be made`() async throws {
        let file = checkout.appending(path: "systemd/fitnessd.sysusers").path
        let answer = try await run("/usr/bin/systemd-sysusers", ["--dry-run", file])
        #expect(answer.status == 0, "\(answer.output)")
    }

    /// systemd-tmpfiles can't try without doing (before version 256), so the form of the rules is checked here.
    @Test func `directories are named with their mode and their owner`() throws {
        let lines = try #require(SourceTree.shared.file("systemd/fitnessd.tmpfiles")).lines
        let rules = lines.filter { !$0.hasPrefix("#") && !$0.isEmpty }
        #expect(rules.count == 3)
        for rule in rules { #expect(rule.wholeMatch(of: #/[dz] \/\S+ 0\d{3} \w+ \w+ -/#) != nil, "\(rule)") }
    }
}
