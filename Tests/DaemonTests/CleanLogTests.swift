import Foundation
import HTTPTransport
import Simulator
import TestKit
import Testing

/// What clients do wrong, and a clean stop, are no errors of the daemon.
@Suite struct CleanLogTests {
    private static let world = SimulatorWorld(
        seed: 3, epoch: Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded()), athleteCount: 1, activitiesEach: 2,
        points: 10...20)

    /// Connects to a loopback port, sends the text and goes away.
    private func abandon(_ text: String, port: Int) throws {
        let socket = LoopbackSocket(try LoopbackSocket.connect(to: port))
        socket.resetOnClose()  // instead of an orderly end
        socket.send(Array(text.utf8))
        socket.close()
    }

    @Test func `mistakes of clients and broken connections log no error`() async throws {
        let port = try LoopbackSocket.freePort()
        try await DaemonRig.with(Self.world) { rig in
            let daemon = try await rig.start(["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_LOG_LEVEL": "debug"])
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            let issued = try await rig.control("tokens", "issue", "--uid", "u\(rig.simulator.world.athleteIDs[0])")
            let token = try #require(issued.output.firstMatch(of: #/fitnessd_[0-9A-Za-z]{43}/#).map { String($0.0) })
            let heads = ["/api", "/mcp", "/connect", "/v1/me/sync", "/v1/me/thresholds"].map { path in
                let method = path.hasSuffix("thresholds") ? "PUT" : "POST"
                return "\(method) \(path) HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer \(token)\r\n"
            }
            for head in heads {
                for rest in [
                    "Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n5\r\n{", "Content-Length: 2\r\n\r\n{]", "",
                    "\u{0}\r\n\r\n",
                ] {
                    try abandon(head + rest, port: port)
                }
            }
            for path in ["/v1/me/export", "/v1/me/activities", "/readyz", "/v1/me"] {
                for _ in 0..<5 {
                    try abandon("GET \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n", port: port)
                }
            }
            let http = HTTPClient(userAgent: "test")
            let alive = try await http.send(HTTPRequest(method: .get, url: "http://127.0.0.1:\(port)/healthz"))
            #expect(alive.status == 200)
            for (arguments, code) in [(["import", rig.folder.path], Int32(1)), (["show", "1"], 1), (["erase", "1", "--yes"], 1)] {
                let result = try await DaemonProcess.run("fitnessctl", ["athletes"] + arguments, environment: rig.environment)
                #expect(result.code == code, "\(arguments) \(result.output)")
            }
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
            await http.shutdown()
            for noise in [#""level":"error""#, "CancellationError"] {
                let lines = daemon.output.split(separator: "\n").filter { $0.contains(noise) }
                #expect(lines.isEmpty, "\(lines.joined(separator: "\n"))")
            }
        }
    }
}
