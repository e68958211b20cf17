import ControlAPI
import Core
import Database
import Foundation
import Sync
import Synchronization
import TestKit
import Testing

@testable import ControlServer

/// `GET /v1/events` and `fitnessctl events`.
@Suite struct EventStreamTests {
    private func addRun(_ daemon: ControlHarness, _ athlete: Int64, error: String? = nil) async throws {
        try await daemon.database.query(
            """
            INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
            VALUES (\(athlete), 'rhythm', now() - interval '2 seconds', now(), 5, 4, \(error == nil ? "done" : "failed"), \(error))
            """)
    }

    /// The events of a stream that ends by itself.
    private func events(_ daemon: ControlHarness, _ query: (name: String, value: String)...) async throws -> [HappeningMessage] {
        let lines = Mutex<[[UInt8]]>([])
        try await daemon.client.lines(ControlTarget(.events, query: query)) { line in
            lines.withLock { $0.append(line) }
            return true
        }
        return try lines.withLock { $0 }.filter { $0.starts(with: Array("data: ".utf8)) }.map {
            try ControlClient.decoded(Array($0.dropFirst(6)))
        }
    }

    @Test func `what happened is shown, and a stream begun after an event goes on with the next`() async throws {
        try await ControlHarness.serve { daemon in
            for id in Int64(7)...8 { try await daemon.addAthlete(id) }
            let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAthlete, athlete: 7))
            try await addRun(daemon, 8, error: "Strava said no")
            try await daemon.database.query(
                """
                INSERT INTO sync.event (athlete_id, object_type, object_id, aspect_type, event_at, received_at)
                VALUES (7, 'activity', 55, 'create', now(), now())
                """)
            await #expect(throws: ControlClientError.self) {
                let _: ChangedMessage = try await daemon.client.send(ControlTarget(.pauseAthlete, athlete: 999))
            }
            let all = try await events(daemon, ("last", "20"))
            #expect(all.map(\.kind) == ["request", "run", "webhook", "request"])
            #expect(all.map(\.athleteID) == [7, 8, 7, nil])
            #expect(all[0].action == "pause_athlete" && all[0].outcome == "done" && all[0].user != nil)
            #expect(all[1].calls == 5 && all[1].landed == 4 && all[1].durationS == 2 && all[1].error == "Strava said no")
            #expect(all[2].objectType == "activity" && all[2].objectID == 55 && all[2].aspect == "create")
            #expect(all[3].outcome == "refused" && all[3].refusal == "not_found")
            #expect(try await events(daemon, ("last", "0")).isEmpty)
            #expect(try await events(daemon, ("last", "1")).map(\.id) == [all[3].id])
            #expect(try await events(daemon, ("athlete_id", "8"), ("last", "9")).map(\.id).count == 1)
            for place in 0..<all.count { #expect(try await events(daemon, ("after", all[place].id)) == Array(all[(place + 1)...])) }
            let text = try await Tool.run(["events", "--last", "3"], socket: daemon.socketPath)
            #expect(text.code == 0 && text.out.split(separator: "\n").count == 4 && text.out.hasPrefix("when (UTC) "))
            #expect(text.out.contains("  8  turn failed, 5 calls, 4 landed, 2 s: Strava said no\n"), "\(text.out)")
            let header = try await RawRequest.send(
                "GET /v1/events?after=0-0-0 HTTP/1.1\r\nhost: x\r\nlast-event-id: \(all[2].id)\r\nconnection: close\r\n\r\n",
                to: daemon.socketPath)
            #expect(
                header.status == 200 && header.body.contains("id: \(all[3].id)\nevent: request\ndata: {")
                    && !header.body.contains("webhook"))
        }
    }

    @Test func `a wrong id, a foreign one, and too many streams are refused`() async throws {
        try await ControlHarness.serve { daemon in
            for query in ["after=x", "after=9-9-9", "last=201", "athlete_id=0", "follow=maybe"] {
                #expect(try await RawRequest.get("/v1/events?\(query)", to: daemon.socketPath).status == 400, "\(query)")
            }
            let readers = try (0..<ControlRoutes.eventStreamsMax).map { _ in
                try IdleReader("GET /v1/events?follow=true HTTP/1.1\r\nhost: x\r\n\r\n", at: daemon.socketPath)
            }
            try await eventually("all streams have begun") { readers.allSatisfy(\.hasAnswer) }
            #expect(try await RawRequest.get("/v1/events?follow=true", to: daemon.socketPath).status == 503)
            for reader in readers { reader.close() }
            try await eventually("their places are free again") {
                try await RawRequest.get("/v1/events", to: daemon.socketPath).status == 200
            }
        }
    }

    @Test func `who follows is told at once, hears a heartbeat, and learns of the end`() async throws {
        try await ControlHarness.serve { daemon in
            try await daemon.addAthlete(7)
            let lines = Mutex<[String]>([])
            let following = Task {
                try await daemon.client.lines(ControlTarget(.events, query: [("follow", "true")])) { line in
                    lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
                    return true
                }
            }
            try await eventually("the stream has begun") { lines.withLock { $0.contains(":") } }
            try await addRun(daemon, 7)
            try await eventually("the turn is shown") { lines.withLock { $0.contains("event: run") } }
            try await eventually("a heartbeat follows") { lines.withLock { $0.count { $0 == ":" } } >= 2 }
            let ids = lines.withLock { $0.filter { $0.hasPrefix("id: ") } }
            #expect(ids[ids.count - 1] == ids[ids.count - 2], "the heartbeat has the id of the last event")
            await daemon.services.triggerGracefulShutdown()
            try await following.value
        }
    }

    @Test func `a client that reads nothing is cut off, and costs no memory meanwhile`() async throws {
        try await ControlHarness.serve(exportStall: .milliseconds(300)) { daemon in
            try await daemon.addAthlete(7)
            try await daemon.database.query(
                """
                INSERT INTO sync.run (athlete_id, kind, started_at, finished_at, requests, landed, outcome, error)
                SELECT 7, 'rhythm', now(), now(), 1, 1, 'failed', repeat('x', 1000) FROM generate_series(1, 5000)
                """)
            let reader = try IdleReader("GET /v1/events?follow=true&after=0-0-0 HTTP/1.1\r\nhost: x\r\n\r\n", at: daemon.socketPath)
            try await eventually("it is cut off") { reader.isDisconnected }
            reader.close()
        }
    }
}
