import Core
import Database
import EmbeddedPostgres
import Foundation
import Simulator
import Synchronization
import TestKit
import Testing

private let epoch = Date(timeIntervalSince1970: (Date().timeIntervalSince1970 - 3_600).rounded())

/// What ends the real process and how, and what must not end it.
@Suite struct StopTests {
    @Test func `an idle daemon ends within two seconds of SIGTERM`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 1, epoch: epoch, athleteCount: 1, activitiesEach: 1)) { rig in
            let process = try await rig.start()
            let slowness = try await rig.slowness()
            let start = ContinuousClock.now
            process.signal(SIGTERM)
            #expect(try await process.waitForEnd() == 0)
            #expect(start.duration(to: .now) < .seconds(2) * slowness)
            #expect(!process.output.contains(#""level":"error""#), "\(process.output)")
        }
    }

    @Test func `a stop lands what is in flight and makes no further call`() async throws {
        let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: 20, points: 40...60)
        try await DaemonRig.with(world) { rig in
            let gate = rig.simulator.gate(.streams)
            let process = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            await gate.waitForHeld(1)
            process.signal(SIGTERM)
            try await eventually("it says that it stops") { process.output.contains("stopping") }
            try await Task.sleep(for: .milliseconds(300))
            let (asked, held) = (rig.simulator.requests.count, gate.heldCount)
            gate.open()
            #expect(try await process.waitForEnd(within: .seconds(15)) == 0)
            #expect(rig.simulator.requests.count <= asked + held, "what was held is counted when it is answered")
            let rows = try await rig.database.query(
                "SELECT count(*) FROM sync.completeness WHERE endpoint = 'streams' AND state = 'landed'")
            #expect(try rows[0].decode(Int.self) >= 1)
            #expect(try await rig.database.query("SELECT 1 FROM sync.schedule WHERE lease_owner IS NOT NULL").isEmpty)
            #expect(!process.output.contains(#""level":"error""#), "\(process.output)")
        }
    }

    @Test func `a turn that a stop cuts short is due again at once, and nothing explains it by a cancellation`() async throws {
        let world = SimulatorWorld(seed: 7, epoch: epoch, athleteCount: 1, activitiesEach: 20, points: 40...60)
        try await DaemonRig.with(world) { rig in
            let gate = rig.simulator.gate(.streams)
            let process = try await rig.start()
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            await gate.waitForHeld(1)
            process.signal(SIGTERM)
            // The gate stays closed for longer than a stop waits.
            #expect(try await process.waitForEnd(within: .seconds(60)) == 0)
            gate.open()
            let runs = try await rig.database.query("SELECT 1 FROM sync.run WHERE error IS NOT NULL")
            #expect(runs.isEmpty)
            #expect(try await rig.database.query("SELECT 1 FROM sync.schedule WHERE due_at <= now()").count == 1)
            for noise in ["CancellationError", #""level":"error""#] { #expect(!process.output.contains(noise), "\(process.output)") }
        }
    }

    @Test func `a frozen PostgreSQL does not keep the daemon from stopping`() async throws {
        try await withTemporaryFolder { folder in
            let server = EmbeddedPostgres(stateDirectory: folder, purpose: .throwaway, logger: quietLogger)
            let url = try await server.start()
            let world = SimulatorWorld(seed: 8, epoch: epoch, athleteCount: 3, activitiesEach: 30, points: 40...60)
            try await DaemonRig.with(world) { rig in
                let process = try await rig.start(["FITNESSD_DATABASE_URL": url])
                #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
                await rig.simulator.waitForRequests(5) { $0.endpoint == "streams" }
                let frozen = try await server.family()
                for pid in frozen { kill(pid, SIGSTOP) }
                defer { for pid in frozen { kill(pid, SIGCONT) } }
                try await Task.sleep(for: .seconds(1))
                let slowness = try await rig.slowness()
                let start = ContinuousClock.now
                process.signal(SIGTERM)
                let code = try await process.waitForEnd(within: .seconds(60))
                // It ends after 14 s.
                #expect(start.duration(to: .now) < .seconds(14) + .seconds(1) * slowness)
                #expect(code == 0 || code == 1)
                #expect(!process.output.contains("Fatal error") && !process.output.contains("crashed"), "\(process.output)")
            }
            await server.stop()
        }
    }

    @Test func `signals without a meaning are logged and ignored`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 1, epoch: epoch, athleteCount: 1, activitiesEach: 1)) { rig in
            // In a session of its own it has no terminal, wherever the tests run.
            let process = try DaemonProcess(
                "/usr/bin/setsid", ["--wait", builtProgram("fitnessd").path, "run"], environment: rig.environment)
            try await eventually("fitnessd serves its control socket") { try await rig.control("status").code == 0 }
            let pid = try await rig.pid()
            for signal in [SIGUSR1, SIGUSR2, SIGALRM] { kill(pid, signal) }
            try await eventually("it says so") { process.output.components(separatedBy: "signal ignored").count == 4 }
            #expect(try await rig.control("status").code == 0)
            kill(pid, SIGTERM)
            #expect(try await process.waitForEnd() == 0)
        }
    }

    @Test func `a terminal that hangs up stops the daemon cleanly`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 1, epoch: epoch, athleteCount: 1, activitiesEach: 1)) { rig in
            let terminal = try Terminal()
            let process = try DaemonProcess(
                "/usr/bin/setsid", ["--ctty", "--wait", builtProgram("fitnessd").path, "run"],
                environment: rig.environment, input: terminal.end)
            try await eventually("status answers") { try await rig.control("status").code == 0 }
            try terminal.hangUp()
            #expect(try await process.waitForEnd() == 0)
            // The last of the output may arrive a moment after the end.
            try await eventually("it says so") { process.output.contains("stopped cleanly") }
        }
    }

    @Test func `a log that nobody reads blocks neither the daemon nor its stop`() async throws {
        let world = SimulatorWorld(seed: 9, epoch: epoch, athleteCount: 2, activitiesEach: 20, points: 40...60)
        try await DaemonRig.with(world) { rig in
            let log = try FullPipe()
            let process = try DaemonProcess(
                "fitnessd", ["run"], environment: rig.environment.merging(["FITNESSD_LOG_LEVEL": "trace"]) { _, new in new },
                output: log.writing)
            try await eventually("status answers") { try await rig.control("status").code == 0 }
            #expect(try await rig.control("athletes", "import", try rig.importFile()).code == 0)
            try await eventually("all is in silver") { try await rig.isComplete() }
            let slowness = try await rig.slowness()
            let start = ContinuousClock.now
            process.signal(SIGTERM)
            #expect(try await process.waitForEnd(within: .seconds(60)) == 0)
            #expect(start.duration(to: .now) < .seconds(14) + .seconds(1) * slowness)
        }
    }

    @Test func `a log that is read again says how many lines are missing`() async throws {
        try await DaemonRig.with(SimulatorWorld(seed: 1, epoch: epoch, athleteCount: 1, activitiesEach: 1)) { rig in
            let log = try FullPipe()
            let process = try DaemonProcess("fitnessd", ["run"], environment: rig.environment, output: log.writing)
            try await eventually("status answers") { try await rig.control("status").code == 0 }
            // Each is logged, unless two arrive at once.
            for _ in 0..<20_000 {
                process.signal(SIGUSR1)
                usleep(50)
            }
            let text = log.read()
            try await eventually("the count is told") { text.contains("log lines dropped") }
            process.signal(SIGTERM)
            #expect(try await process.waitForEnd() == 0)
        }
    }
}

/// A pipe that is full and that nobody reads.
private final class FullPipe {
    let writing: FileHandle
    private let pipe = Pipe()

    init() throws {
        writing = pipe.fileHandleForWriting
        let descriptor = writing.fileDescriptor
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        let piece = [UInt8](repeating: UInt8(ascii: "\n"), count: 4_096)
        while write(descriptor, piece, piece.count) > 0 {}
        try #require(errno == EAGAIN)
        _ = fcntl(descriptor, F_SETFL, flags)
    }

    /// Reads it from now on.
    func read() -> Text {
        let text = Text()
        follow(pipe) { piece in text.add(piece) }
        return text
    }

    final class Text: Sendable {
        private let all = Mutex("")

        func add(_ piece: Data?) { all.withLock { $0 += String(decoding: piece ?? Data(), as: UTF8.self) } }
        func contains(_ part: String) -> Bool { all.withLock { $0.contains(part) } }
    }
}

extension EmbeddedPostgres {
    /// The process numbers of the server and its children.
    fileprivate func family() throws -> [pid_t] {
        let server = try #require(serverPID)
        let children = try String(contentsOfFile: "/proc/\(server)/task/\(server)/children", encoding: .utf8)
        return [server] + children.split(separator: " ").compactMap { pid_t($0) }
    }
}

extension DaemonRig {
    /// How slow this machine is at the moment, by the time that a small program takes: 1 for up to a tenth of a second.
    fileprivate func slowness() async throws -> Double {
        let start = ContinuousClock.now
        _ = try await control("--help")
        return max(1, start.duration(to: .now).seconds / 0.1)
    }
}

/// A pseudoterminal (pty(7)): the program gets `end`, the test holds the other side.
private final class Terminal {
    let end: FileHandle
    private let side: FileHandle

    init() throws {
        let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(descriptor >= 0)
        side = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // What the C library's functions do, which Swift can't see (ioctl_tty(2)).
        let (unlock, number) = (UInt(0x4004_5431), UInt(0x8004_5430))
        var (isLocked, place) = (Int32(0), UInt32(0))
        try #require(ioctl(descriptor, unlock, &isLocked) == 0 && ioctl(descriptor, number, &place) == 0)
        let endDescriptor = open("/dev/pts/\(place)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(endDescriptor >= 0)
        end = FileHandle(fileDescriptor: endDescriptor, closeOnDealloc: true)
    }

    func hangUp() throws {
        try end.close()
        try side.close()
    }
}
