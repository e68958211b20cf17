import ArgumentParser
import Assistant
import ControlAPI
import ControlServer
import Core
import Database
import EmbeddedPostgres
import Foundation
import Gateway
import HTTPTransport
import Identity
import Logging
import OwnData
import StravaAPI
import Vault
import Web

/// `fitnessd check`: checks the settings and each part that `run` needs, and says what is wrong and what to do about it.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what `run` would do with these settings, and what prevents it.",
        discussion: """
            Changes nothing. It checks the settings of its own environment and account. For a service that systemd runs, use --unit as root: the \
            unit's account, environment, credentials and sandbox then hold.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Check for `run --demo`.")
    var demo = false

    @Flag(help: "Check what a service of systemd will have. Root only.")
    var unit = false

    @Argument(help: ArgumentHelp("The service for --unit.", valueName: "name"))
    var name: String?

    /// Passed by --unit: systemd holds the control socket for a service that does not run.
    @Flag(help: .hidden)
    var unserved = false

    func validate() throws {
        if name != nil, !unit { throw ValidationError("A name goes with --unit.") }
        if unit, demo || common.config != nil { throw ValidationError("With --unit the unit says what is run and with which settings.") }
    }

    func run() async throws {
        let findings = CheckFindings()
        if unit { UnitCheck(name: name, command: ["check"], findings: findings).run() } else { await check(findings) }
        if findings.count > 0 { throw ExitCode(1) }
    }

    private func check(_ findings: CheckFindings) async {
        do {
            let given = try common.configuration()
            let isDemo = try given.isDemo(asked: demo)
            let configuration = isDemo ? given.demo() : given
            let logger = LoggingSystem.start(configuration, output: .shared)
            print("ok    configuration: \(Self.intention(configuration, isDemo: isDemo))")
            await Checks(configuration: configuration, isDemo: isDemo, isUnserved: unserved, findings: findings, logger: logger).run()
        } catch {
            for sentence in (error as? ConfigurationError)?.sentences ?? ["\(error)"] { findings.wrong("configuration", sentence) }
        }
    }

    private static func intention(_ configuration: Configuration, isDemo: Bool) -> String {
        let database = configuration.databaseURL == nil ? "a private PostgreSQL" : "the database of FITNESSD_DATABASE_URL"
        return "`fitnessd run` would run \(isDemo ? "the demo, with made-up athletes" : "the daemon"), with \(database)"
    }
}

/// Prints each finding, and counts the faults.
final class CheckFindings {
    private(set) var count = 0
    /// Prints faults only.
    private let isQuiet: Bool

    init(isQuiet: Bool = false) { self.isQuiet = isQuiet }

    /// Counts faults that another program has printed.
    func add(_ more: Int) { count += more }

    func good(_ part: String, _ sentence: String) {
        if !isQuiet { print("ok    \(part): \(sentence)") }
    }

    /// What is neither good nor wrong.
    func note(_ part: String, _ sentence: String) {
        if !isQuiet { print("note  \(part): \(sentence)") }
    }

    func wrong(_ part: String, _ sentence: String) {
        count += 1
        print("WRONG \(part): \(sentence)")
    }

    func check(_ part: String, _ body: () async throws -> String, isolation: isolated (any Actor)? = #isolation) async {
        do { good(part, try await body()) } catch { wrong(part, "\(error)") }
    }
}

/// The parts that `fitnessd check` checks, in the order in which `run` needs them.
private struct Checks {
    let configuration: Configuration
    let isDemo: Bool
    /// Don't ask who serves the control socket: systemd holds it, and would start the service.
    let isUnserved: Bool
    let findings: CheckFindings
    let logger: Logger

    private static let userAgent = "fitnessd/\(ProductVersion.current)"
    private var preflight: Preflight { Preflight(configuration: configuration, isDemo: isDemo, isUnserved: isUnserved) }
    /// Whether a running daemon uses the state directory, the addresses and the private cluster.
    private var isServed: Bool { preflight.isServed }

    func run() async {
        await findings.check("share directory") { try preflight.shareDirectory().path }
        await findings.check("state directory") { try checkStateDirectory() }
        await findings.check("control socket") { try checkControlSocket() }
        await findings.check("http") { try preflight.addresses() }
        if !configuration.addresses.listened.isEmpty { await findings.check("pages") { try pages() } }
        if let found = preflight.dashboards() {
            if found.isGood { findings.good("dashboards", found.sentence) } else { findings.note("dashboards", found.sentence) }
        }
        if configuration.addresses.web != nil {
            await findings.check("connect page") { connectPage() }
            await findings.check("assistants") { try assistants() }
        }
        let keyring = Result { try preflight.keyring() }
        await findings.check("keyring") { try description(of: keyring.get()) }
        await checkDatabase(keyring)
        if let issuer = configuration.idTokens { await findings.check("id tokens") { try await keys(of: issuer) } }
        await findings.check("strava") { isDemo ? "simulated by \(try DemoStrava.program())" : try await checkStrava() }
    }

    private func checkStateDirectory() throws -> String {
        let found = try preflight.stateDirectory()
        if !isServed { try InstanceIdentity.checkFree(configuration.stateDirectory) }
        return found
    }

    private func checkControlSocket() throws -> String {
        if isUnserved { return "\(configuration.controlSocket) is held by systemd until the service starts" }
        switch try ControlSocket.inspect(path: configuration.controlSocket) {
        case .none: return "\(configuration.controlSocket) will be made"
        case .stale: return "\(configuration.controlSocket) was left by an earlier run and will be made anew"
        case .served: return "\(configuration.controlSocket) is served by the running fitnessd"
        }
    }

    /// Whether the pages' templates and assets are there. Without the libraries of the system, charts and maps are tables.
    private func pages() throws -> String {
        let files = try WebFiles(shareDirectory: preflight.shareDirectory(), version: ProductVersion.current)
        let missing = files.assets.missingPackages
        if missing.isEmpty { return "\(files.assets.files.count) style sheets and scripts" }
        return
            "tables instead of charts and maps: install \(missing.joined(separator: " and ")) (apt-get install \(missing.joined(separator: " ")))"
    }

    /// What assistants may see, and whether the questions that they can ask are there.
    private func assistants() throws -> String {
        let tools = try AssistantServer.toolNames(shareDirectory: preflight.shareDirectory()).count
        return switch configuration.modelAccess {
        case .own: "\(tools) tools at /mcp, which show nothing of Strava's API (FITNESSD_MODEL_ACCESS=own)"
        case .all: "\(tools) tools at /mcp, which show everything of their athlete (FITNESSD_MODEL_ACCESS=all)"
        case .off: "/mcp is closed (FITNESSD_MODEL_ACCESS=off)"
        }
    }

    private func connectPage() -> String {
        let who = configuration.who
        let name = who.name.map { "run by \($0)" } ?? "names no operator (FITNESSD_OPERATOR_NAME)"
        return "\(name), \(who.privacyURL.map { "privacy page \($0)" } ?? "links no privacy page (FITNESSD_PRIVACY_URL)")"
    }

    private func description(of keyring: StartKeyring) -> String {
        guard let loaded = keyring.loaded else { return "will be made at the first start, at \(keyring.path)" }
        let count = loaded.keyIDs.count
        return "\(count) \(count == 1 ? "key" : "keys"), new tokens are encrypted with \(loaded.activeKeyID), from \(keyring.path)"
    }

    // MARK: The database and checks that need it

    private func checkDatabase(_ keyring: Result<StartKeyring, any Error>) async {
        if configuration.databaseURL == nil {
            if isServed { return await findings.check("database") { "the private cluster is in use by the running fitnessd" } }
            let cluster = configuration.stateDirectory.appending(path: "postgres").path
            if !FileManager.default.fileExists(atPath: cluster) { return await findings.check("database") { try await firstCluster() } }
        }
        let store: DataStore
        do {
            store = try await DataStore.open(configuration, shareDirectory: preflight.shareDirectory(), logger: logger)
        } catch { return findings.wrong("database", "\(error)") }
        await findings.check("database") { try await rights(store) }
        await findings.check("own data") { try await checkReader(store) }
        await findings.check("stored tokens") { try await checkTokens(store, keyring) }
        await findings.check("clock") { try await checkClock(store) }
        await store.close()
    }

    private func firstCluster() async throws -> String {
        "a private cluster will be made at the first start, with PostgreSQL \(try await EmbeddedPostgres.installedVersion())"
    }

    private func rights(_ store: DataStore) async throws -> String {
        let pending = try await store.pendingMigrations()
        if let sentence = try await store.missingRights(pendingCount: pending.count) { throw ConfigurationError(sentence) }
        return pending.isEmpty
            ? "reached, up to date" : "reached, \(pending.count) migrations to apply (the next start does, or `fitnessd migrate`)"
    }

    /// Whether athletes can read their own data.
    private func checkReader(_ store: DataStore) async throws -> String {
        guard let reader = store.reader else { return AthleteReader.isMissing }
        if try await !store.pendingMigrations().isEmpty { return "can be checked once the migrations are applied" }
        if store.ownsServer, try await !store.hasReader() { return "the next start makes the login fitness_reader" }
        try await reader.check()
        return "fitness_reader reads one athlete at a time"
    }

    private func checkTokens(_ store: DataStore, _ keyring: Result<StartKeyring, any Error>) async throws -> String {
        if let warning = try await keyring.get().check(against: store.database) { throw ConfigurationError(warning) }
        return "the keyring fits"
    }

    private func checkClock(_ store: DataStore) async throws -> String {
        try requireAgreement(try await DataStore.clockOffset_s(of: store.database), "PostgreSQL")
        return "agrees with PostgreSQL's"
    }

    private func requireAgreement(_ offset_s: Double?, _ whose: String) throws {
        guard let offset_s, abs(offset_s) > ClockAgreement.offsetMax_s else { return }
        throw ConfigurationError("\(ClockAgreement.sentence(whose, offset_s)): set this machine's clock (NTP), or the other one")
    }

    // MARK: ID tokens

    private func keys(of issuer: IDTokenIssuer) async throws -> String {
        do {
            let count = try await HTTPClient.with(userAgent: Self.userAgent) { http in
                try await IDTokenVerifier(issuer, http: http, logger: logger).keyCount()
            }
            return "of \(issuer.issuer), \(count) \(count == 1 ? "key" : "keys")"
        } catch {
            throw ConfigurationError(
                "the keys at \(issuer.keysURL) can't be had (\(error)): check FITNESSD_ID_TOKEN_JWKS_URL or FITNESSD_FIREBASE_PROJECT, "
                    + "and the network")
        }
    }

    // MARK: Strava

    /// Any answer will do: without a token Strava answers 401, which does not count against the application's quota.
    private func checkStrava() async throws -> String {
        let answer: HTTPResponse
        do {
            answer = try await HTTPClient.with(userAgent: Self.userAgent) { http in
                try await http.send(HTTPRequest(method: .get, url: configuration.stravaAPIURL + "/athlete", timeout: .seconds(10)))
            }
        } catch {
            throw ConfigurationError(
                "\(configuration.stravaAPIURL) can't be reached (\(error)): check FITNESSD_STRAVA_API_URL and the network")
        }
        try requireAgreement(StravaClient.serverDate(answer)?.timeIntervalSinceNow, "Strava")
        return "reached (\(answer.status) without a token, as expected)"
    }
}
