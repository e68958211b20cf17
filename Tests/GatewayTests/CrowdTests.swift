import Foundation
import TestKit
import Testing

@testable import Gateway
@testable import ServerGuard

/// One client can't lock out the others.
@Suite struct CrowdTests {
    @Test func `400 slow connections from one address block neither the others nor, after a second, that address`() async throws {
        try await withGateway { gateway in
            let slow = try (0..<400).map { _ in try RawClient(gateway.base) }
            for client in slow { client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n") }
            for other in ["127.0.0.2", "127.0.0.3", "127.0.0.2"] {
                #expect(try await RawClient.ask("GET", "/healthz", gateway.base, from: other).status == 200)
            }
            try await eventually("what is too much is hung up on") {
                slow.count(where: \.isHungUpOn) >= 400 - GatewayLimits.clientConnectionsMax
            }
            try await eventually("the same address gets through again") {
                try await RawClient.ask("GET", "/healthz", gateway.base).status == 200
            }
            #expect(try await RawClient.ask("GET", "/healthz", gateway.base, from: "127.0.0.2").status == 200)
        }
    }

    @Test func `a client that sends byte by byte is disconnected, in the header as in the body`() async throws {
        let times = RequestTimes(head: .milliseconds(300), nextHead: .milliseconds(300), body: .milliseconds(300), answer: .seconds(60))
        try await withGateway(times: times) { gateway in
            let path = "/webhooks/strava/" + gateway.webhook.pathSecret.reveal()
            let header = try RawClient(gateway.base)
            let body = try RawClient(gateway.base)
            let next = try RawClient(gateway.base)
            header.send("GET /healthz HTTP/1.1\r\nX-Long: ")
            body.send("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n")
            next.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually("all slow ones are hung up on") {
                header.send("a")
                body.send("a")
                return header.isHungUpOn && body.isHungUpOn
            }
            #expect(await next.readAll().hasSuffix("ok\n"))
            #expect(try await RawClient.ask("GET", "/healthz", gateway.base).status == 200)
        }
    }

    @Test func `a client that never reads its answers is disconnected`() async throws {
        let times = RequestTimes(head: .seconds(60), nextHead: .seconds(60), body: .seconds(60), answer: .milliseconds(300))
        try await withGateway(times: times) { gateway in
            let client = try RawClient(gateway.base)
            let requests = String(repeating: "GET /style.css HTTP/1.1\r\nHost: x\r\n\r\n", count: 20_000)
            let sending = Thread { client.send(requests) }
            sending.start()
            try await eventually("the sender is cut off") { sending.isFinished }
        }
    }

    @Test func `a client is an IPv4 address or a network of IPv6`() {
        func text(_ forwarded: String) -> String? { ClientAddress(forwarded: forwarded)?.text }
        #expect(text("203.0.113.7") == "203.0.113.7" && text(" 203.0.113.7:4711\t") == "203.0.113.7")
        #expect(text("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64" && text("[2001:db8:1:2::9]:443") == "2001:db8:1:2::/64")
        #expect(text("::ffff:203.0.113.7") == "203.0.113.7")
        for none in ["", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "[::1", "203.0.113.7, 1", String(repeating: "1", count: 999)] {
            #expect(text(none) == nil, "\(none)")
        }
        #expect(ClientAddress(forwarded: "127.3.4.5")?.isLoopback == true && ClientAddress(forwarded: "::1")?.isLoopback == true)
        #expect(ClientAddress(forwarded: "2001:db8::1")?.isLoopback == false)
    }

    @Test func `a client's newest connection replaces its oldest idle one`() {
        var table = PlaceTable<Int, String>(countMax: 4, clientCountMax: 3, patience: .seconds(1))
        let start = ContinuousClock.now
        func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }
        for id in 1...3 { #expect(table.entered(id, client: "a", now: at(Double(id) / 100)) == .admitted) }
        #expect(table.entered(4, client: "a", now: at(0.5)) == .refused)
        table.changed(1, waitsSince: nil)
        #expect(table.entered(5, client: "a", now: at(1.1)) == .admittedInsteadOf(2))
        #expect(table.entered(6, client: "b", now: at(1.1)) == .admitted)
        // All places are taken: the client with most of them loses one.
        #expect(table.entered(7, client: "c", now: at(1.1)) == .admittedInsteadOf(3))
        #expect(table.entered(8, client: "d", now: at(1.5)) == .refused)
        table.left(1)
        table.left(1)
        #expect(table.count == 3 && table.entered(9, client: "d", now: at(1.5)) == .admitted)
    }
}
