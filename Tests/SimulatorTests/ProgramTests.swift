import Foundation
import HTTPTransport
import TestKit
import Testing

/// `strava-simulator`, the process.
struct ProgramTests {
    @Test func `it prints its address and writes tokens that only its owner can read`() async throws {
        try await withTemporaryFolder { folder in
            let tokens = folder.appending(path: "tokens.jsonl").path
            let (process, output) = try start(["--port", "0", "--athletes", "2", "--activities", "3", "--tokens-file", tokens])
            let text = await banner(output)
            let api = try #require(text.firstMatch(of: /FITNESSD_STRAVA_API_URL=(\S+)/)?.1)
            let lines = try String(contentsOfFile: tokens, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2)
            let mode = try FileManager.default.attributesOfItem(atPath: tokens)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let first = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
            #expect(Set(first.keys) == ["uid", "athlete_id", "access_token", "refresh_token", "expires_at", "scope"])
            let http = HTTPClient(inFlightMax: 1, userAgent: "simulator tests")
            let token = try #require(first["access_token"] as? String)
            let request = HTTPRequest(url: api + "/athlete/activities", headers: [("Authorization", "Bearer \(token)")])
            #expect((try await http.send(request).json as? [Any])?.count == 3)
            await http.shutdown()
            process.interrupt()
            try await eventually("the simulator ends") { !process.isRunning }
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func `people are sent back to the callback domain, and to no other`() async throws {
        let (process, output) = try start(["--port", "0", "--callback-domain", "fit.example.org"])
        let oauth = try #require(await banner(output).firstMatch(of: /FITNESSD_STRAVA_OAUTH_URL=(\S+)/)?.1)
        let http = HTTPClient(inFlightMax: 1, userAgent: "simulator tests")
        for (host, status) in [("fit.example.org", 302), ("localhost", 302), ("fit.example.com", 400)] {
            let query = "client_id=12345&response_type=code&redirect_uri=https://\(host)/back&scope=read&auto_approve=deny"
            #expect(try await http.send(.init(url: "\(oauth)/authorize?\(query)")).status == status, "\(host)")
        }
        await http.shutdown()
        process.interrupt()
        try await eventually("the simulator ends") { !process.isRunning }
    }

    @Test(arguments: [["--limit", "many"], ["--callback-domain", "https://fit.example.org"]])
    func `an unreadable option is a usage error`(arguments: [String]) async throws {
        let (process, _) = try start(arguments)
        try await eventually("the simulator ends") { !process.isRunning }
        #expect(process.terminationStatus == 64)
    }

    /// What the program prints when it serves.
    private func banner(_ output: Pipe) async -> String {
        var text = ""
        for await piece in pieces(output) {
            text += piece
            if text.contains("FITNESSD_STRAVA_CLIENT_SECRET=") { break }
        }
        return text
    }

    /// The program's output, as it arrives.
    private func pieces(_ output: Pipe) -> AsyncStream<String> {
        AsyncStream { input in
            follow(output) { piece in
                if let piece { input.yield(String(decoding: piece, as: UTF8.self)) } else { input.finish() }
            }
        }
    }

    private func start(_ arguments: [String]) throws -> (Process, Pipe) {
        let output = Pipe()
        let process = Process()
        process.executableURL = checkout.appending(path: ".build/debug/strava-simulator")
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = Pipe()
        try process.run()
        return (process, output)
    }
}
