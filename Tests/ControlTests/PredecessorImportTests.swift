import ControlAPI
import Core
import Database
import Foundation
import StravaAPI
import TestKit
import Testing
import Vault

@testable import ControlServer

/// Documents whose tokens were sealed with `openssl enc -aes-256-cbc` under the key "correct horse".
@Suite struct PredecessorImportTests {
    private static let key = "correct horse"
    private static let access = "EBESExQVFhcYGRobHB0eHw==:d+9+a5KXd+OF2ibzNUs/1wn7Rg8ZHWBfbDw4ejvhzDBYr7U/tQnqLvnB89PTx96q"
    private static let refresh = "ICEiIyQlJicoKSorLC0uLw==:jbFfAwf1yErqXcjo9AD8jWx7iVVulek8rBarqHOShUtBC7bcCcERpviXTvgo7e7g"
    private static let damaged = "ICEiIyQlJicoKSorLC0uLw==:jbFfAwf1yErqXcjo9AD8jWx7iVVulek8rBarqHOShUtBC7bcCcERpviXTvgo7e7h"

    private static func document(
        _ id: Int64, uid: String = "", access: String = access, refresh: String = refresh, expires: String = "1777593600"
    ) -> String {
        let uid = uid.isEmpty ? "" : "\"uid\":\"\(uid)\","
        return """
            {\(uid)"accessToken":"\(access)","refreshToken":"\(refresh)","expiresAt":\(expires),"scope":"read,activity:read_all",\
            "athlete":{"id":\(id),"firstname":"A } \\" {","bikes":[{"id":"b1"}]},"createdAt":{"_seconds":1,"_nanoseconds":2}}
            """
    }

    @Test(arguments: ["\n", ",", ""])
    func `documents one a line or in an array are imported, opened and sealed anew`(separator: String) async throws {
        try await ControlHarness.serve { daemon in
            let documents = [Self.document(1, uid: "ann"), Self.document(2).replacing(",\"", with: ",\n  \"")].joined(separator: separator)
            let file = separator == "," ? "[\n\(documents)\n]\n" : documents + "\n"
            let ending = try await run(file, daemon)
            #expect(ending.code == 0 && ending.out == "2 added, 0 updated, 0 bad\n", "\(ending)")
            let rows = try await daemon.database.query("SELECT athlete_id, uid, scope FROM sync.athlete ORDER BY athlete_id")
            let athletes = try rows.map { try $0.decode(Int64.self, String?.self, String.self) }
            #expect(athletes.map(\.0) == [1, 2] && athletes.map(\.1) == ["ann", nil] && athletes[0].2 == "read,activity:read_all")
            let stored = try await daemon.database.query("SELECT sealed_access FROM vault.token").map { try $0.decode([UInt8].self) }
            #expect(stored.count == 2 && !stored.contains { String(decoding: $0, as: UTF8.self).contains("0123456789abcdef") })
        }
    }

    @Test(arguments: [
        "1777593600", "1777593600.0", "1777593600000", "\"1777593600\"", "\"2026-05-01T00:00:00Z\"", "\"2026-05-01T00:00:00.000Z\"",
        "\"2026-05-01T02:00:00.000000+02:00\"", "\"2026-04-30T19:30:00-0430\"", "\"2026-05-01 00:00:00\"",
        "{\"_seconds\":1777593600,\"_nanoseconds\":5}", "{\"seconds\":\"1777593600\",\"nanoseconds\":0}",
    ])
    func `all forms of a time mean the same`(expires: String) throws {
        let key = try #require(PredecessorKey(Secret(Self.key)))
        let line = try ImportLine(predecessor: Array(Self.document(9, expires: expires).utf8), key)
        let grant = try #require(line.grant)
        #expect(grant.expiresAt == Date(timeIntervalSince1970: 1_777_593_600))
        #expect(grant.accessToken.reveal() == "0123456789abcdef0123456789abcdef01234567")
        #expect(grant.refreshToken.reveal() == "fedcba9876543210fedcba9876543210fedcba98")
        #expect(grant.scope == ["read", "activity:read_all"])
    }

    @Test func `a wrong key stores nothing, whatever else the file holds, and is not shown`() async throws {
        try await ControlHarness.serve { daemon in
            let file = [Self.document(1, uid: "ann"), "not json", Self.document(2), #"{"athlete":{"id":3}}"#].joined(separator: "\n")
            let ending = try await run(file, daemon, key: "wrong staple")
            #expect(ending.code == 1 && ending.out.isEmpty)
            #expect(ending.err.contains("opens the tokens of none of 2 documents: nothing was imported"))
            #expect(!ending.err.contains("staple"))
            #expect(try await daemon.database.query("SELECT FROM sync.athlete").isEmpty)
        }
    }

    @Test func `with the right key good documents are imported, and bad ones are reported by number`() async throws {
        try await ControlHarness.serve { daemon in
            let file = """
                [\(Self.document(1)), 7,
                \(Self.document(2, refresh: Self.damaged)), \(Self.document(3, access: "plain-token")),
                \(Self.document(-4)), {"uid":"\(String(repeating: "x", count: 70_000))"},
                \(Self.document(5, expires: "\"soon\"")), {"uid":"a"}, \(Self.document(6))
                """
            let ending = try await run(file, daemon)
            #expect(ending.code == 1 && ending.out == "2 added, 0 updated, 8 bad\n", "\(ending)")
            let reasons = [
                "document 2: not a JSON object", "document 3: the key does not open its tokens",
                "document 4: accessToken must be base64(iv):base64(ciphertext)", "document 5: athlete.id must be Strava's number",
                "document 6: longer than 65536 bytes", "document 7: expiresAt must be a time", "document 8: athlete is missing",
                "document 10: cut off",
            ]
            let lines = ending.err.split(separator: "\n")
            #expect(lines.count == reasons.count && zip(lines, reasons).allSatisfy { $0.hasPrefix($1) }, "\(ending.err)")
            #expect(!ending.err.contains("plain-token") && !ending.err.contains("soon"))
        }
    }

    @Test func `a newer stored grant stays, and a uid that moves is told`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(1, uid: "demo-1")
            let kept = try await run(Self.document(1, uid: "demo-2"), daemon)
            #expect(kept.code == 0 && kept.out.contains("document 1: athlete 1: uid demo-1 → demo-2"))
            #expect(kept.out.contains("document 1: athlete 1: kept the stored grant") && kept.out.hasSuffix("1 kept, 0 bad\n"))
            let replaced = try await run(Self.document(1), daemon, options: ["--replace"])
            #expect(replaced.code == 0 && replaced.out == "0 added, 1 updated, 0 bad\n")
            let show = try await Tool.run(["athletes", "show", "1"], socket: daemon.socketPath)
            #expect(show.out.contains("uid moved    demo-1 → demo-2, by import at "))
            #expect(try await Tool.run(["explain", "1"], socket: daemon.socketPath).out.contains("uid moved    demo-1 → demo-2"))
        }
    }

    @Test func `the key file may end in a line feed, and must be text`() async throws {
        try await ControlHarness.serve { daemon in
            for key in [Self.key + "\n", Self.key + "\r\n"] {
                #expect(try await run(Self.document(1), daemon, key: key, options: ["--replace"]).code == 0)
            }
            for key in [Data(), Data("\n".utf8), Data([0xff, 0xfe]), Data(repeating: 0x61, count: 5_000)] {
                let ending = try await run(Self.document(1), daemon, keyFile: key)
                #expect(ending.code == 1 && ending.err.contains("must hold the predecessor's key"))
            }
            let missing = try await Tool.run(
                ["athletes", "import", "-", "--predecessor-key-file", "/nonexistent/key"], socket: daemon.socketPath, input: "")
            #expect(missing.code == 1 && missing.err.contains("can't read /nonexistent/key"))
        }
    }

    @Test func `without the option a document of the predecessor names it`() async throws {
        try await ControlHarness.serve { daemon in
            let ending = try await Tool.run(["athletes", "import", "-"], socket: daemon.socketPath, input: Self.document(1))
            #expect(ending.code == 1 && ending.err.contains("line 1: a document of the predecessor: give --predecessor-key-file"))
        }
    }

    @Test(arguments: ["", "{}", "{\"key\":\"\"}", "{\"key\":7}", "[", "nothing"])
    func `a body without a key is refused in a sentence`(body: String) async throws {
        try await ControlHarness.serve { daemon in
            let answer = try await RawRequest.post("/v1/athletes/import/predecessor", body, to: daemon.socketPath)
            #expect(answer.status == 400 && answer.body.contains("predecessor's key"), "\(answer)")
        }
    }

    @Test func `no piece of a body is read twice or lost, wherever it is cut`() throws {
        let text = "[\(Self.document(1)),\n\(Self.document(2))]"
        var splitter = DocumentSplitter(bytesMax: 10_000)
        let whole = text.utf8.compactMap { splitter.take($0) }
        #expect(whole == [1, 2].map { .whole(Array(Self.document($0).utf8)) } && splitter.finish() == nil)
        for length in 1..<text.utf8.count where text.utf8.prefix(length).contains(UInt8(ascii: "{")) {
            var cut = DocumentSplitter(bytesMax: 10_000)
            let count = text.utf8.prefix(length).compactMap { cut.take($0) }.count
            #expect(cut.finish() == .cutOff && count <= 2)
        }
    }

    private func run(
        _ file: String, _ daemon: ControlHarness, key: String = key, options: [String] = []
    ) async throws -> (code: Int32, out: String, err: String) {
        try await run(file, daemon, keyFile: Data(key.utf8), options: options)
    }

    private func run(
        _ file: String, _ daemon: ControlHarness, keyFile: Data, options: [String] = []
    ) async throws -> (code: Int32, out: String, err: String) {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "key").path
            try keyFile.write(to: URL(filePath: path))
            let arguments = ["athletes", "import", "-", "--predecessor-key-file", path]
            let ending = try await Tool.run(arguments + options, socket: daemon.socketPath, input: file)
            return (ending.code, ending.out, ending.err)
        }
    }
}
