import ArgumentParser
import Core
import Foundation
import Simulator

/// `strava-simulator`: a local Strava to try the daemon against.
@main
struct StravaSimulatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "strava-simulator", abstract: "A local Strava: OAuth, API, rate limits, webhooks.",
        discussion: "Listens on 127.0.0.1 only. The same seed and epoch give the same athletes, activities and tokens.")

    @Option(help: "The port; 0 takes a free one.")
    var port = 8090

    @Option(help: "Decides what the world looks like.")
    var seed: UInt64 = 1

    @Option(help: "Where the history ends, as seconds since 1970. Default: today's midnight (UTC).")
    var epoch: Int64?

    @Option(help: "How many athletes.")
    var athletes = 5

    @Option(help: "Activities of each athlete.")
    var activities = 50

    @Option(help: "Points of each activity that has streams. Default: 600 to 3600.")
    var points: Int?

    @Option(help: "Seconds between two new activities of one athlete; 0 for none.")
    var live: Double = 0

    @Option(help: "Seconds that each answer of the API takes.")
    var latency: Double = 0

    @Option(help: "Requests per quarter hour and per day, or none.")
    var limit = "600,30000"

    @Option(help: "How many athletes can be connected at once. Default: any number.")
    var capacity: Int?

    @Option(
        help: "The application's Authorization Callback Domain: people are sent back there, or to a subdomain. Default: to localhost alone."
    )
    var callbackDomain: String?

    @Option(help: "Write tokens of all athletes to this file, for fitnessctl athletes import.")
    var tokensFile: String?

    @Option(help: "The application's id.")
    var clientID = "12345"

    @Option(help: "The application's secret.")
    var clientSecret = "simulated-client-secret"

    @Flag(
        help: """
            Serve fitnessd's demo: its athletes instead of --athletes, --activities, --points and --live; settings and tokens as one line of \
            JSON on standard output; ends with standard input.
            """)
    var demo = false

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port takes a number from 0 to 65535") }
        guard (1...100_000).contains(athletes) else { throw ValidationError("--athletes takes a number from 1 to 100000") }
        guard (0...400_000).contains(activities) else { throw ValidationError("--activities takes a number from 0 to 400000") }
        guard points.map({ (2...200_000).contains($0) }) ?? true else { throw ValidationError("--points takes a number from 2 to 200000") }
        guard capacity.map({ $0 >= 0 }) ?? true else { throw ValidationError("--capacity takes a number from 0 on") }
        guard callbackDomain.map({ !$0.isEmpty && !$0.contains("/") && !$0.contains(":") }) ?? true else {
            throw ValidationError("--callback-domain takes a host name without scheme, port and path, as in fit.example.org")
        }
        guard live >= 0 else { throw ValidationError("--live takes seconds") }
        guard (0...60).contains(latency) else { throw ValidationError("--latency takes a number from 0 to 60") }
        _ = try limits()
    }

    func run() async throws {
        let simulator = StravaSimulator(world: world(), options: try options())
        if latency > 0 {
            simulator.faults.append(Fault(match: .path("/api/v3"), times: .forever, response: .delay(.seconds(latency))))
        }
        try await simulator.start()
        if let tokensFile { try writeTokens(simulator, to: tokensFile) }
        try FileHandle.standardOutput.write(contentsOf: demo ? try greeting(simulator) : Data(banner(simulator).utf8))
        await Interruption.wait(orEndOfInput: demo)
        await simulator.stop()
    }

    // MARK: Parts

    private func world() -> SimulatorWorld {
        let today = Int64(Date().timeIntervalSince1970) / 86_400 * 86_400
        let end = Date(timeIntervalSince1970: Double(epoch ?? today))
        if demo { return .demo(seed: seed, epoch: end) }
        return SimulatorWorld(
            seed: seed, epoch: end, athleteCount: athletes,
            activitiesEach: activities, points: points.map { $0...$0 } ?? 600...3600,
            live: live > 0 ? LivePlan(interval_s: live) : nil)
    }

    private func options() throws -> SimulatorOptions {
        var options = SimulatorOptions()
        options.port = port
        options.clientID = clientID
        options.clientSecret = clientSecret
        options.limits = try limits()
        options.capacity = capacity
        options.callbackDomain = callbackDomain
        return options
    }

    private func limits() throws -> SimulatedLimits? {
        if limit == "none" { return nil }
        let numbers = limit.split(separator: ",").map { Int($0) }
        guard numbers.count == 2, let quarterHour = numbers[0], let day = numbers[1], quarterHour > 0, day > 0 else {
            throw ValidationError("--limit takes two numbers, as in 600,30000, or none")
        }
        return SimulatedLimits(quarterHour: quarterHour, day: day)
    }

    /// Readable by its owner only, from the first byte on.
    private func writeTokens(_ simulator: StravaSimulator, to path: String) throws {
        let lines = simulator.world.athleteIDs.map { simulator.issueTokens(for: $0).importLine(uid: "athlete-\($0)") + "\n" }
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ValidationError("can't write the tokens to \(path): give a path in a folder that exists and is yours")
        }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: Data(lines.joined().utf8))
    }

    private func greeting(_ simulator: StravaSimulator) throws -> Data {
        let athletes = simulator.world.athleteIDs.enumerated().map { place, athlete in
            Greeting.Athlete(uid: "demo-\(place + 1)", tokens: simulator.issueTokens(for: athlete))
        }
        let greeting = Greeting(
            apiURL: simulator.apiURL, oauthURL: simulator.oauthURL, clientID: clientID, clientSecret: clientSecret, athletes: athletes)
        return try JSONEncoder().encode(greeting) + [UInt8(ascii: "\n")]
    }

    private func banner(_ simulator: StravaSimulator) -> String {
        """
        A local Strava with \(athletes) athletes listens on \(simulator.baseURL)

        FITNESSD_STRAVA_API_URL=\(simulator.apiURL)
        FITNESSD_STRAVA_OAUTH_URL=\(simulator.oauthURL)
        FITNESSD_STRAVA_CLIENT_ID=\(clientID)
        FITNESSD_STRAVA_CLIENT_SECRET=\(clientSecret)

        """
    }
}

/// What fitnessd reads of its demo's Strava.
private struct Greeting: Encodable {
    struct Athlete: Encodable {
        let uid: String
        let tokens: IssuedTokens

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(uid, forKey: .uid)
            try fields.encode(tokens.athlete.rawValue, forKey: .athleteID)
            try fields.encode(tokens.accessToken, forKey: .accessToken)
            try fields.encode(tokens.refreshToken, forKey: .refreshToken)
            try fields.encode(tokens.expiresAt.timeIntervalSince1970, forKey: .expiresAt_s)
            try fields.encode(tokens.scopes.text, forKey: .scope)
        }

        private enum CodingKeys: String, CodingKey {
            case uid, scope
            case athleteID = "athlete_id"
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

    private enum CodingKeys: String, CodingKey {
        case athletes
        case apiURL = "api_url"
        case oauthURL = "oauth_url"
        case clientID = "client_id"
        case clientSecret = "client_secret"
    }
}
