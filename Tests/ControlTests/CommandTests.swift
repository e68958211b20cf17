import Core
import Foundation
import TestKit
import Testing

@testable import ControlAPI
@testable import ControlServer

@Suite struct CommandTests {
    @Test(arguments: [
        ["bogus"], ["status", "--bogus"], ["sync"], ["sync", "5", "--all"], ["sync", "x"], ["sync", "0"], ["athletes", "show"],
        ["athletes", "connect"], ["athletes", "connect", "--uid", ""], ["athletes", "import"], ["pause", "--for", "soon"],
        ["pause", "--for", "2"], ["pause", "--for", "0s"], ["pause", "--for", "9999999999d"], ["pause", "1", "2"],
        ["quarantine", "list", "--athlete", "-1"], ["quarantine", "show", "5", "streams"], ["quarantine", "retry"], ["explain"], ["export"],
        ["export", "--athlete", "0"], ["export", "--athlete", "5", "--format", "parquet"],
        ["explain", "0"],
        ["sync", "5", "--only", "zones"], ["sync", "5", "--full", "--only", "streams"], ["sync", "5", "--wait", "--dry-run"],
        ["quarantine", "retry", "5", "streams"], ["quarantine", "drop", "5"], ["rebuild", "5"], ["rebuild", "--athlete", "0"],
        ["sync", "5", "--streams", "watts"], ["athletes", "thresholds"], ["athletes", "set-threshold", "5", "power"],
        ["athletes", "set-threshold", "5", "ftp", "285"], ["athletes", "set-threshold", "5", "power", "285", "--remove"],
        ["athletes", "set-threshold", "5", "power", "0x11d"], ["athletes", "set-threshold", "5", "pace", "4.5"],
        ["athletes", "set-threshold", "5", "pace", "4:60"], ["athletes", "set-threshold", "5", "pace", "4:30/lap"],
        ["athletes", "set-threshold", "5", "pace", "0:00"], ["athletes", "set-threshold", "5", "power", "285", "--sport", "ski"],
        ["athletes", "set-threshold", "5", "power", "285", "--from", "31.1.2026"], ["athletes", "set-threshold", "0", "power", "285"],
        ["sync", "5", "--only", "list", "--streams", "watts"],
        ["audit", "--athlete", "0"], ["audit", "--since", "soon"], ["history", "0"], ["history", "--limit", "0"],
        ["events", "--last", "201"],
        ["events", "--athlete", "-1"], ["retry"], ["retry", "0"],
    ])
    func `wrong usage exits with 2 and shows the usage`(arguments: [String]) async throws {
        let ending = try await Tool.run(arguments, socket: "/nonexistent/s")
        #expect(ending.code == 2)
        #expect(ending.out.isEmpty && ending.err.contains("Usage: fitnessctl"))
    }

    @Test(arguments: [
        ["status"], ["athletes"], ["athletes", "list"], ["athletes", "show", "5"], ["athletes", "connect", "--uid", "u"],
        ["athletes", "import", "-"], ["sync", "5"], ["sync", "--all", "--full", "--wait"], ["pause"], ["pause", "5", "--for", "1h30m"],
        ["resume"], ["resume", "5"], ["limits"], ["quarantine"], ["quarantine", "list", "--athlete", "5"],
        ["export", "--athlete", "5"], ["export", "--athlete", "5", "--format", "arrow"], ["explain", "5"], ["sync", "--all", "--dry-run"],
        ["sync", "5", "--only", "list", "--only", "detail", "--wait"], ["sync", "--all", "--only", "streams", "--streams", "watts,temp"],
        ["quarantine", "show", "5", "streams", "6"], ["quarantine", "retry", "5"], ["quarantine", "drop", "5", "list", "0"],
        ["rebuild"], ["rebuild", "--athlete", "5", "--dry-run"], ["athletes", "thresholds", "5"],
        ["athletes", "set-threshold", "5", "pace", "4:30/km", "--from", "2026-01-31"],
        ["athletes", "set-threshold", "5", "power", "--remove", "--sport", "run"],
        ["audit"], ["audit", "--athlete", "5", "--since", "2d"], ["history"], ["history", "5", "--failed"], ["events"],
        ["events", "--follow", "--last", "5"], ["retry", "5"], ["doctor"],
    ])
    func `without a daemon every command exits with 3 and one sentence`(arguments: [String]) async throws {
        let ending = try await Tool.run(arguments, socket: "/nonexistent/s")
        #expect(ending.code == 3)
        #expect(ending.out.isEmpty)
        #expect(
            ending.err
                == "fitnessctl: daemon not reachable: is fitnessd running? socket /nonexistent/s (no such socket)\n")
    }

    @Test func `with json a failure is the error envelope on stderr`() async throws {
        let ending = try await Tool.run(["status", "--json"], socket: "/nonexistent/s")
        #expect(ending.code == 3 && ending.out.isEmpty)
        let envelope = try ControlJSON.decode(ErrorMessage.self, from: Array(ending.err.utf8))
        #expect(envelope.error.code == "not_reachable")
    }

    @Test func `help exits with 0 and lists every command`() async throws {
        let ending = try await Tool.run(["--help"])
        #expect(ending.code == 0)
        for command in [
            "status", "athletes", "sync", "pause", "resume", "limits", "quarantine", "explain", "rebuild", "audit", "history", "events",
            "retry", "doctor",
        ] {
            #expect(ending.out.contains("  \(command) "))
        }
    }

    @Test func `every command with json prints the API's message`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "ann")
            func ask<Message: Decodable>(_ arguments: String..., as _: Message.Type = Message.self) async throws -> Message {
                let ending = try await Tool.run(arguments + ["--json"], socket: daemon.socketPath)
                #expect(ending.code == 0 && ending.err.isEmpty)
                #expect(ending.out.split(separator: "\n").count == 1)
                return try ControlJSON.decode(Message.self, from: Array(ending.out.utf8))
            }
            #expect(try await ask("status", as: StatusMessage.self).athletes.total == 1)
            #expect(try await ask("athletes", as: AthletesMessage.self).athletes.map(\.uid) == ["ann"])
            #expect(try await ask("athletes", "show", "7", as: AthleteMessage.self).athleteID == 7)
            #expect(try await ask("athletes", "connect", "--uid", "bob", as: ConnectMessage.self).url.contains("?uid=bob&"))
            #expect(try await ask("sync", "7", as: AcceptedMessage.self).athletes == 1)
            #expect(try await ask("pause", "7", "--for", "2h", as: ChangedMessage.self).changed)
            #expect(try await ask("resume", "7", as: ChangedMessage.self).changed)
            #expect(try await ask("limits", as: LimitsMessage.self).windows.count == 2)
            #expect(try await ask("quarantine", "list", as: QuarantineMessage.self).total == 0)
        }
    }

    @Test func `text output is aligned, without colour in a pipe, and without control sequences`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7, uid: "ann")
            try await daemon.addAthlete(1_234_567, uid: "bob")
            try await daemon.endTurn(7, error: "bad \u{1B}[31mred\u{07}")
            let list = try await Tool.run(["athletes", "list"], socket: daemon.socketPath)
            #expect(list.code == 0)
            let lines = list.out.split(separator: "\n")
            #expect(lines.count == 3 && lines[0].hasPrefix("athlete  uid") && lines[1].hasPrefix("      7  ann"))
            #expect(lines[2].hasPrefix("1234567  bob"))
            let status = try await Tool.run(["status"], socket: daemon.socketPath)
            #expect(status.out.hasPrefix("fitnessd 1.2.3, up 1 min"))
            #expect(status.out.contains("athletes     2 (2 active), 0 working"))
            #expect(!(list.out + status.out).contains("\u{1B}") && !(list.out + status.out).contains("\u{07}"))
        }
    }

    @Test func `text from outside can't control a terminal, hide text or change its direction`() async throws {
        let bad = "a\u{202E}b\u{2066}c\u{200B}d\u{200F}e\u{FEFF}f\u{061C}g\u{85}h\u{9B}i\u{7F}j\u{1B}[31mk\nl\u{2028}m\u{E0041}n"
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            try await daemon.endTurn(7, error: bad)
            let pause = try await Tool.run(["pause", "--reason", bad], socket: daemon.socketPath)
            let one = try await Tool.run(["pause", "7", "--reason", bad], socket: daemon.socketPath)
            #expect(pause.code == 0 && one.code == 0)
            for command in [
                ["status"], ["athletes"], ["athletes", "show", "7"], ["explain", "7"], ["athletes", "show", "7", "--json"], ["x\(bad)"],
            ] {
                let said = try await Tool.run(command, socket: daemon.socketPath)
                let unsafe = (said.out + said.err).unicodeScalars.filter { PlainText.isUnsafe($0) && $0 != "\n" }
                #expect(unsafe.isEmpty, "\(command) \(unsafe)")
            }
            let json = try await Tool.run(["athletes", "show", "7", "--json"], socket: daemon.socketPath)
            #expect(json.out.contains("\\u202E"))
            let message = try ControlJSON.decode(AthleteMessage.self, from: Array(json.out.utf8))
            #expect(message.schedule.lastError == bad, "JSON keeps its meaning")
        }
    }

    @Test func `the tool prints its version and suggests a command for a misspelt one`() async throws {
        let alone = try await Tool.run(["--version", "--socket=/nonexistent/s"])
        #expect(alone.code == 0 && alone.out == ProductVersion.current + "\n" && alone.err.isEmpty)
        for (words, meant) in [
            (["stauts"], "status"), (["athletes", "improt", "f"], "import"), (["quarantin", "list"], "quarantine"),
            (["help", "stauts"], "status"), (["tokens", "isue"], "issue"),
        ] {
            let ending = try await Tool.run(words)
            #expect(ending.code == 2 && ending.err.contains("did you mean '\(meant)'?"), "\(ending.err)")
        }
        #expect(try await !Tool.run(["bogus"]).err.contains("did you mean"))
    }

    @Test func `the version comes with the running daemon's, and a warning when the two differ`() async throws {
        try await ControlHarness.serve { daemon in
            // Whatever state its database is in.
            await daemon.database.close()
            for arguments in [["--version"], ["status", "--version"]] {
                let ending = try await Tool.run(arguments, socket: daemon.socketPath)
                #expect(ending.code == 0 && ending.out == "\(ProductVersion.current)\nfitnessd 1.2.3 is running\n", "\(ending.out)")
                #expect(
                    ending.err.hasPrefix(
                        "fitnessctl: warning: this is fitnessctl \(ProductVersion.current), and the running fitnessd is 1.2.3"))
            }
        }
    }

    @Test func `a socket that this user may not see or use is reported as such`() async throws {
        try await withTemporaryFolder { folder in
            let place = folder.appending(path: "fitnessd", directoryHint: .isDirectory)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: false)
            // Root runs it as another user with another group; any other user makes a folder that even its owner may not enter.
            let isRoot = geteuid() == 0
            if isRoot { #expect(chown(place.path, 0, 1) == 0) }
            chmod(place.path, 0o070)
            defer { chmod(place.path, 0o700) }
            let copy = folder.appending(path: "fitnessctl").path
            #expect(try await run("/bin/cp", [builtProgram("fitnessctl").path, copy]).status == 0)
            let prefix = isRoot ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
            let ending = try await Tool.run(
                ["status"], executable: copy, prefix: prefix + ["/usr/bin/env", "XDG_RUNTIME_DIR=\(folder.path)"])
            #expect(ending.code == 3)
            #expect(ending.err.contains("\(place.path)/control.sock (permission denied): join the group"), "\(ending.err)")
            #expect(!ending.err.contains("is fitnessd running"))
        }
    }

    @Test func `an import with a bad line imports the good ones and exits with 1`() async throws {
        try await ControlHarness.serve { daemon in
            let good = #"{"athlete_id":5,"access_token":"a","refresh_token":"r","expires_at":1777593600,"scope":"read"}"#
            let ending = try await Tool.run(["athletes", "import", "-"], socket: daemon.socketPath, input: "\(good)\nbad\n")
            #expect(ending.code == 1)
            #expect(ending.out == "1 added, 0 updated, 1 bad\n")
            #expect(ending.err == "line 2: not a JSON object\n")
            let again = try await Tool.run(["athletes", "import", "-"], socket: daemon.socketPath, input: good)
            #expect(again.code == 0 && again.out == "0 added, 1 updated, 0 bad\n")
        }
    }

    @Test func `an unreadable file exits with 1`() async throws {
        let ending = try await Tool.run(["athletes", "import", "/nonexistent/file"], socket: "/nonexistent/s")
        #expect(ending.code == 1)
        #expect(ending.err == "fitnessctl: can't read /nonexistent/file: No such file or directory\n")
    }

    @Test func `an unknown athlete exits with 1 and the daemon's sentence`() async throws {
        try await ControlHarness.serve { daemon in
            let ending = try await Tool.run(["athletes", "show", "5"], socket: daemon.socketPath)
            #expect(ending.code == 1)
            #expect(ending.err == "fitnessctl: there is no athlete 5; fitnessctl athletes list shows all\n")
        }
    }

    @Test func `sync --wait exits with 0 when the turn is done and with 1 when it failed`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            for (error, code) in [(nil, Int32(0)), ("Strava said no", 1)] {
                async let ending = Tool.run(["sync", "7", "--wait"], socket: daemon.socketPath)
                try await eventually("the request is written") {
                    let rows = try await daemon.database.query("SELECT 1 FROM sync.schedule WHERE request IS NOT NULL")
                    return !rows.isEmpty
                }
                try await daemon.endTurn(7, error: error)
                let said = try await ending
                #expect(said.code == code)
                #expect(error == nil ? said.out.contains(", done") : said.err == "fitnessctl: Strava said no\n")
            }
        }
    }
}
