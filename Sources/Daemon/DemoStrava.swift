import Core
import Foundation
import Governor
import ServiceLifecycle
import StravaAPI
import Sync
import Synchronization

/// The demo's Strava: the program `strava-simulator`, installed beside fitnessd and run as a child process, with a handful of made-up athletes
/// who keep on training.
///
/// The child ends when its standard input does. The kernel closes that pipe with fitnessd, so no kind of stop leaves it behind, `kill -9`
/// included. Its address, credentials and tokens come through its standard output, where no process list shows them.
///
/// The time of the first start is kept in the state directory, so that a later start meets the same athletes, some activities further.
final class DemoStrava: Service, Sendable {
    /// Room for the whole history in one quarter hour, so that nobody who tries the demo waits for the next one.
    static let limit = RateLimit(quarter: 2_000, day: 20_000)

    let configuration: StravaConfiguration
    private let athletes: [DemoAccess.Athlete]
    private let child: Child

    private init(_ access: DemoAccess, _ child: Child) {
        configuration = StravaConfiguration(
            apiURL: access.apiURL, oauthURL: access.oauthURL, clientID: access.clientID, clientSecret: Secret(access.clientSecret))
        athletes = access.athletes
        self.child = child
    }

    /// The path of the program.
    ///
    /// - Throws: `ConfigurationError` when it isn't installed.
    static func program() throws -> String {
        guard let path = InstalledProgram.beside("strava-simulator") else {
            throw ConfigurationError(
                """
                the demo needs the program strava-simulator in \(InstalledProgram.folder): install it there (`make build` builds it), or set \
                FITNESSD_STRAVA_CLIENT_ID and FITNESSD_STRAVA_CLIENT_SECRET
                """)
        }
        return path
    }

    /// Starts the child and reads what it tells. Has no deadline of its own: a stop cancels it.
    ///
    /// - Throws: `ConfigurationError` when the program is missing, `DemoStravaError` when it ends.
    static func start(stateDirectory: URL, now: Date) async throws -> DemoStrava {
        let epoch_s = try epoch_s(stateDirectory, now: now)
        let child = try Child(
            program(), ["--demo", "--port", "0", "--epoch", "\(epoch_s)", "--limit", "\(limit.quarter),\(limit.day)"])
        do {
            guard let line = await child.firstLine() else {
                await child.waitForEnd()
                try Task.checkCancellation()
                throw child.failure
            }
            return DemoStrava(try JSONDecoder().decode(DemoAccess.self, from: line), child)
        } catch {
            child.closeInput()
            throw error
        }
    }

    /// Connects the demo's athletes with the tokens that the child issued; they are stored as any others.
    func connectAthletes(_ registry: AthleteRegistry) async throws {
        for athlete in athletes where try await !registry.isErased(athlete.id) {
            let grant = TokenGrant(
                accessToken: Secret(athlete.accessToken), refreshToken: Secret(athlete.refreshToken),
                expiresAt: Date(timeIntervalSince1970: athlete.expiresAt_s), athleteID: athlete.id,
                scope: athlete.scope.split(separator: ",").map(String.init))
            let registration = try await registry.register(grant, athlete: athlete.id, uid: UID(athlete.uid), scope: athlete.scope)
            // Somebody has assigned the demo's uids differently since: keep that.
            if case .refused = registration.outcome {
                try await registry.register(grant, athlete: athlete.id, uid: nil, scope: athlete.scope)
            }
        }
    }

    /// Watches the child: without it there is nothing to show.
    ///
    /// - Throws: `DemoStravaError` when it ends before the daemon stops.
    func run() async throws {
        await cancelWhenGracefulShutdown { [child] in await child.waitForEnd() }
        if !child.isRunning { throw child.failure }
    }

    /// Ends the child and waits until it is gone.
    func stop() async { await child.stop() }

    /// Of the demo's first start, in seconds since 1970. A file that holds no such number is written anew.
    private static func epoch_s(_ stateDirectory: URL, now: Date) throws -> Int64 {
        let file = stateDirectory.appending(path: "demo-epoch")
        let now_s = Int64(now.timeIntervalSince1970)
        let text = FileManager.default.contents(atPath: file.path).map { String(decoding: $0, as: UTF8.self) }
        let first_s = text.flatMap { Int64($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        // The clock may have been set back by a little since.
        if let first_s, (0...now_s + 86_400).contains(first_s) { return first_s }
        try Data("\(now_s)".utf8).write(to: file, options: .atomic)
        return now_s
    }
}

/// The child ended by itself.
struct DemoStravaError: Error, CustomStringConvertible {
    /// "exit code 1" or "signal 9".
    let how: String
    /// The end of what it wrote to standard error.
    let output: String

    var description: String {
        let text = output.trimmingCharacters(in: .whitespacesAndNewlines)
        return "strava-simulator, the demo's Strava, ended unexpectedly (\(how))" + (text.isEmpty ? "" : ": \(text)")
    }
}

/// Programs installed in the same folder as this one.
enum InstalledProgram {
    static let folder: String = {
        let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: executable).deletingLastPathComponent().path
    }()

    /// The path of the program; nil when it isn't there.
    static func beside(_ name: String) -> String? {
        let path = folder + "/" + name
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }
}

/// The first line of the child's standard output.
private struct DemoAccess: Decodable {
    struct Athlete: Decodable {
        let id: AthleteID
        let uid: String
        let accessToken: String
        let refreshToken: String
        let expiresAt_s: Double
        let scope: String

        enum CodingKeys: String, CodingKey {
            case uid, scope
            case id = "athlete_id"
            case accessToken = "access_token"
            case refreshToken = "refresh_token"
            case expiresAt_s = "expires_at"
        }
    }

    let apiURL: String
    let oauthURL: String
    let clientID: String
    let clientSecret: String
    let athletes: [Athlete]

    enum CodingKeys: String, CodingKey {
        case athletes
        case apiURL = "api_url"
        case oauthURL = "oauth_url"
        case clientID = "client_id"
        case clientSecret = "client_secret"
    }
}

/// A child process that ends with its standard input. Two threads block on its outputs until it closes them.
private final class Child: Sendable {
    private static let lineBytesMax = 64 << 10
    private static let errorBytesMax = 2_048
    /// Time to end by itself; then it is killed.
    private static let endMax: Duration = .seconds(2)

    private let process: Mutex<Process>
    private let input: FileHandle
    private let lines: AsyncStream<Data>
    private let end: AsyncStream<Void>
    private let errors = Mutex(Data())

    init(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        // A copy of the input's writing end in another child would keep this one alive.
        for pipe in [input, output, errors] {
            for handle in [pipe.fileHandleForReading, pipe.fileHandleForWriting] { _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC) }
        }
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.environment = [:]
        process.currentDirectoryURL = URL(filePath: "/")
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, errors)
        try process.run()
        self.process = Mutex(process)
        self.input = input.fileHandleForWriting
        let (lines, line) = AsyncStream.makeStream(of: Data.self)
        let (end, ended) = AsyncStream.makeStream(of: Void.self)
        (self.lines, self.end) = (lines, end)
        Thread.detachNewThread {
            if let first = Self.readLine(output.fileHandleForReading) { line.yield(first) }
            line.finish()
        }
        Thread.detachNewThread { [self] in
            keepErrors(errors.fileHandleForReading)
            while isRunning { usleep(5_000) }
            ended.finish()
        }
    }

    var isRunning: Bool { process.withLock { $0.isRunning } }

    var failure: DemoStravaError {
        let how = process.withLock { process in
            if process.isRunning { return "its output was closed" }
            return process.terminationReason == .exit ? "exit code \(process.terminationStatus)" : "signal \(process.terminationStatus)"
        }
        return DemoStravaError(how: how, output: errors.withLock { String(decoding: $0, as: UTF8.self) })
    }

    /// Nil when the child ended before it wrote one, or the caller was cancelled.
    func firstLine() async -> Data? { await lines.first { _ in true } }

    /// Returns early when cancelled.
    func waitForEnd() async { for await _ in end {} }

    func closeInput() { try? input.close() }

    func stop() async {
        closeInput()
        let deadline = ContinuousClock.now + Self.endMax
        while isRunning {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
            if ContinuousClock.now >= deadline { process.withLock { if $0.isRunning { _ = kill($0.processIdentifier, SIGKILL) } } }
        }
    }

    private static func readLine(_ handle: FileHandle) -> Data? {
        var line = Data()
        while line.count < lineBytesMax {
            let piece = handle.availableData
            if piece.isEmpty { return nil }
            line += piece
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) { return line[..<end] }
        }
        return nil
    }

    private func keepErrors(_ handle: FileHandle) {
        while true {
            let piece = handle.availableData
            if piece.isEmpty { return }
            errors.withLock { $0 = ($0 + piece).suffix(Self.errorBytesMax) }
        }
    }
}
