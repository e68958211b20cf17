import ControlAPI
import Core
import Foundation
import TestKit
import Testing

@testable import ControlServer

/// `GET /v1/values`, and what a shell makes of it.
@Suite struct CompletedValueTests {
    private func fill(_ daemon: ControlHarness) async throws {
        for (id, uid) in [(Int64(1201), UID("anna@example.org")), (1202, UID("ben")), (1301, nil)] {
            try await daemon.addAthlete(id, uid: uid)
        }
        try await daemon.database.query(
            """
            INSERT INTO sync.quarantine (athlete_id, endpoint, object_id, reason)
            VALUES (1201, 'streams', 77, 'server_error'), (1201, 'detail', 78, 'unreadable'), (1202, 'streams', 79, 'server_error')
            """)
    }

    private func values(
        _ daemon: ControlHarness, _ kind: ValuesMessage.Kind, _ query: (name: String, value: String)...
    ) async throws -> [String] {
        let target = ControlTarget(.values, query: [("of", kind.rawValue)] + query)
        let message: ValuesMessage = try await daemon.client.send(target)
        #expect(message.of == kind)
        return message.values
    }

    @Test func `each kind has its values, in their order, and a beginning limits them`() async throws {
        try await ControlHarness.serve { daemon in
            try await fill(daemon)
            #expect(try await values(daemon, .athletes) == ["1201", "1202", "1301"])
            #expect(try await values(daemon, .athletes, ("prefix", "12")) == ["1201", "1202"])
            #expect(try await values(daemon, .uids) == ["anna@example.org", "ben"])
            #expect(try await values(daemon, .tables, ("prefix", "activity_s")).contains("activity_stream"))
            #expect(try await values(daemon, .streams, ("prefix", "heart")) == ["heartrate"])
            let issued: IssuedTokenMessage = try await daemon.client.send(
                ControlTarget(.issueToken), body: IssueTokenRequest(uid: "ben", days: 1, scopes: nil))
            #expect(try await values(daemon, .tokens) == [String(issued.issued.id)])
            let _: TokensMessage = try await daemon.client.send(
                ControlTarget(.revokeToken), body: RevokeTokenRequest(id: issued.issued.id))
            #expect(try await values(daemon, .tokens) == [], "one that was revoked can't be revoked again")
            #expect(try await values(daemon, .quarantineReasons) == ["server_error", "unreadable"])
            #expect(try await values(daemon, .quarantineEndpoints, ("athlete_id", "1202")) == ["streams"])
            #expect(try await values(daemon, .quarantineObjects, ("athlete_id", "1201"), ("endpoint", "detail")) == ["78"])
        }
    }

    @Test func `there are never too many, an unknown kind is refused, and no pattern matches`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.database.query(
                "INSERT INTO sync.athlete (athlete_id, uid) SELECT n, 'u%' || n FROM generate_series(1001, 1300) AS n")
            #expect(try await values(daemon, .athletes).count == ValuesMessage.countMax)
            #expect(try await values(daemon, .uids, ("prefix", "%")) == [])
            #expect(try await values(daemon, .uids, ("prefix", "u%1300")) == ["u%1300"])
            for query in ["", "?of=", "?of=secrets", "?of=uids&prefix=\(String(repeating: "x", count: 129))", "?of=athletes&athlete_id=x"] {
                let answer = try await RawRequest.get("/v1/values\(query)", to: daemon.socketPath)
                #expect(answer.status == 400 && !answer.body.contains("secrets"), "\(query)")
            }
        }
    }

    /// What bash offers for the last word, by the script that `fitnessctl` writes.
    private func offered(_ words: [String], socket: String) async throws -> (words: [String], errors: String) {
        try await withTemporaryFolder { folder in
            let program = try builtProgram("fitnessctl").path
            let script = folder.appending(path: "fitnessctl.bash")
            let made = try await Tool.run(["--generate-completion-script", "bash"])
            #expect(made.code == 0)
            try Data(made.out.utf8).write(to: script)
            let shell = """
                . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
                _fitnessctl fitnessctl "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"; printf '%s\\n' "${COMPREPLY[@]}"
                """
            let ending = try await Tool.run(
                ["-c", shell, "bash", script.path, program] + words, executable: "/usr/bin/bash",
                prefix: ["/usr/bin/env", "FITNESSD_CONTROL_SOCKET=\(socket)"])
            return (ending.out.split(separator: "\n").map(String.init), ending.err)
        }
    }

    @Test func `bash offers what the daemon knows, and nothing when there is none`() async throws {
        try await ControlHarness.serve { daemon in
            try await fill(daemon)
            for (words, expected) in [
                (["athletes", "show", "12"], ["1201", "1202"]), (["explain", ""], ["1201", "1202", "1301"]),
                (["export", "--athlete", "1201", "--table", "activity_strea"], ["activity_stream"]),
                (["export", "--format", ""], ["csv", "binary", "arrow"]), (["sync", "--only", ""], ["list", "detail", "streams"]),
                (["tokens", "issue", "--uid", "b"], ["ben"]), (["tokens", "issue", "--scope", "read,w"], ["read,write"]),
                (["sync", "1201", "--only", "streams", "--streams", "time,wat"], ["time,watts"]),
                (["quarantine", "retry", "--all", "--reason", ""], ["server_error", "unreadable"]),
                (["quarantine", "show", "1201", "d"], ["detail"]), (["quarantine", "show", "1201", "streams", ""], ["77"]),
            ] {
                // On a busy machine the daemon's answer may come too late for a key.
                try await eventually("\(words) is completed") {
                    let offer = try await offered(words, socket: daemon.socketPath)
                    #expect(offer.errors.isEmpty && (offer.words.isEmpty || offer.words == expected), "\(words): \(offer)")
                    return offer.words == expected
                }
            }
        }
        let start = ContinuousClock.now
        let none = try await offered(["athletes", "show", ""], socket: "/nonexistent/s")
        #expect(none.words.isEmpty && none.errors.isEmpty)
        #expect(start.duration(to: .now) < .seconds(20))
        let odd = try await Tool.run(["---completion", "athletes", "show", "--", "positional@0"])
        #expect(odd.code == 2 && odd.out.isEmpty && odd.err.isEmpty, "a request that no script makes disturbs nobody's line")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `each shell gets a script that asks for values`(shell: String) async throws {
        let script = try await Tool.run(["--generate-completion-script", shell])
        #expect(script.code == 0 && script.err.isEmpty && script.out.contains("---completion athletes show -- positional@0"))
    }
}
