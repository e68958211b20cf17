import Core
import Database
import Foundation
import Simulator
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// Strava's events from the subscription to silver.
@Suite struct DaemonWebhookTests {
    @Test func `with a subscription, a new activity is in silver long before its list is due`() async throws {
        let world = SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 4, points: 30...50)
        try await DaemonRig.with(world) { rig in
            let port = try LoopbackSocket.freePort()
            let daemon = try await rig.start([
                "FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_PUBLIC_URL": "http://127.0.0.1:\(port)",
            ])
            _ = try await rig.control("athletes", "import", try rig.importFile())
            try await eventually("the first load ends", within: .seconds(60)) { try await rig.isComplete() }
            #expect(try await rig.control("webhook").output.contains("none; fitnessctl webhook subscribe creates one"))
            let subscribed = try await rig.control("webhook", "subscribe")
            #expect(subscribed.code == 0 && subscribed.output.contains("events are sent here (http://127.0.0.1:\(port))"))
            let again = try await rig.control("webhook", "subscribe", "--json")
            #expect(again.code == 0 && again.output.contains(#""ours":true"#) && !again.output.contains("webhooks/strava"))
            _ = world.addActivity(to: world.athleteIDs[0], NewActivity(startAt: Date().addingTimeInterval(-600), points: 40))
            try await eventually("the announced activity is in silver", within: .seconds(60)) { try await rig.isComplete() }
            #expect(try await rig.differences() == [])
            try await eventually("status shows the event") { try await rig.control("status").output.contains("events       last") }
            #expect(try await rig.control("webhook", "unsubscribe").output.contains("subscription none"))
            #expect(rig.simulator.subscribedCallback == nil)
            let path = try await rig.database.query("SELECT value #>> '{}' FROM sync.setting WHERE key = 'webhook_path'")[0]
            #expect(!daemon.output.contains(try path.decode(String.self)), "the path of the callback is a secret")
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }

    @Test func `a subscription with another callback is left alone unless named, and one that fails says what to do`() async throws {
        let world = SimulatorWorld(seed: 3, epoch: epoch, athleteCount: 1, activitiesEach: 1, points: 30...50)
        try await DaemonRig.with(world) { rig in
            let port = try LoopbackSocket.freePort()
            let listen = ["FITNESSD_HTTP_LISTEN": "127.0.0.1:\(port)", "FITNESSD_PUBLIC_URL": "http://127.0.0.1:\(port)"]
            let first = try await rig.start(listen)
            #expect(try await rig.control("webhook", "subscribe").code == 0)
            first.signal(SIGTERM)
            #expect(try await first.waitForEnd() == 0)
            // The same installation at another address.
            let daemon = try await rig.start(["FITNESSD_PUBLIC_URL": "http://127.0.0.1:9"])
            #expect(try await rig.control("webhook").output.contains("events are sent elsewhere"))
            #expect(try await rig.control("webhook", "subscribe").code == 1)
            #expect(try await rig.control("webhook", "unsubscribe").code == 1)
            #expect(try await rig.control("webhook", "unsubscribe", "--foreign").code == 0)
            #expect(rig.simulator.subscribedCallback == nil)
            // Nothing listens there: Strava can't validate the callback.
            let refused = try await rig.control("webhook", "subscribe")
            #expect(refused.code == 1 && refused.output.contains("FITNESSD_PUBLIC_URL must be reachable"))
            daemon.signal(SIGTERM)
            #expect(try await daemon.waitForEnd() == 0)
        }
    }
}
