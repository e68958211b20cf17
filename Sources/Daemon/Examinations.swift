import ControlServer
import Core
import Foundation
import Governor
import HTTPTransport
import Migrations
import OwnData
import StravaAPI
import Vault

/// What `fitnessctl doctor` looks at that the control server does not know: the database, the disk, the keyring, the readers' login, the clocks and
/// Strava.
struct Examinations: Sendable {
    /// A database that needs longer for a round trip is overloaded, or far away.
    private static let roundTripMax: Duration = .milliseconds(500)
    /// Free space below which a person is told, and below which PostgreSQL may soon stop, in bytes.
    private static let freeLow: Int64 = 5_000_000_000
    private static let freeMin: Int64 = 1_000_000_000

    let store: DataStore
    let keyring: Keyring
    let governor: RateLimitGovernor
    let migrations: MigrationCheck
    let stateDirectory: String
    /// Where Strava is for this daemon.
    let stravaURL: String
    let clock: WallClock

    var all: [Examination] {
        [
            Examination("database", isQuick: true) { try await database() }, Examination("disk", isQuick: true) { try disk() },
            Examination("keyring") { try await keys() }, Examination("own_data") { try await ownData() },
            Examination("clock", isQuick: true) { try await clocks() }, Examination("strava") { try await strava() },
        ]
    }

    private func database() async throws -> Diagnosis {
        let start = ContinuousClock.now
        let missing: [String]
        do { missing = try await store.missing(migrations) } catch {
            return .fail("\(error)", advice: "check that PostgreSQL runs and has disk space; fitnessd goes on by itself")
        }
        let took = ContinuousClock.now - start
        guard missing.isEmpty else {
            let what = missing.count == 1 ? "1 migration is missing" : "\(missing.count) migrations are missing"
            return .fail(what, advice: "restart fitnessd, or run `fitnessd migrate` as the owner")
        }
        if let sentence = try await store.missingRights(pendingCount: 0) { return .fail(sentence, advice: "psql -f db/roles.sql") }
        let time = "\(Int((took.seconds * 1_000).rounded())) ms"
        if took > Self.roundTripMax { return .warn("answers in \(time)", advice: "look at the server's load and at the network to it") }
        return .ok("answers in \(time), schema up to date")
    }

    /// The disk of the state directory, which is the private cluster's, too. Another server's disk can't be seen from here.
    private func disk() throws -> Diagnosis {
        // The private cluster may be elsewhere, behind a link.
        let cluster = stateDirectory + "/postgres"
        let place = store.ownsServer ? cluster : stateDirectory
        let free: Int64
        do { free = try DiskSpace(of: place).freeBytes } catch {
            return .fail("\(place): \(error.text)", advice: "make the state directory reachable")
        }
        let summary = "\(String(format: "%.1f", Double(free) / 1e9)) GB free under \(place)"
        let advice = "make room, or move the state directory; FITNESSD_RETENTION_API_DAYS removes old copies"
        if free < Self.freeMin { return .fail(summary, advice: advice) }
        if free < Self.freeLow { return .warn(summary, advice: advice) }
        return .ok(summary)
    }

    private func keys() async throws -> Diagnosis {
        let trial = try await KeyringTrial.run(keyring, on: store.database)
        if let refusal = trial.refusal(path: keyring.path) { return .fail("\(refusal)", advice: "put the right keyring in its place") }
        if let warning = trial.warning { return .warn(warning, advice: "fitnessctl vault verify names those that do not open") }
        guard FileManager.default.isReadableFile(atPath: keyring.path) else {
            return .fail("the file \(keyring.path) can't be read any more", advice: "put it back before the next restart")
        }
        return .ok("opens the stored tokens that were tried, from \(keyring.path)")
    }

    private func ownData() async throws -> Diagnosis {
        guard let reader = store.reader else { return .ok("off: FITNESSD_READER_DATABASE_URL is not set, /v1/me and /mcp answer 503") }
        do { try await reader.check() } catch {
            return .fail("\(error)", advice: "run db/roles.sql again as a superuser, and check the login's password")
        }
        return .ok("fitness_reader reads one athlete at a time")
    }

    private func clocks() async throws -> Diagnosis {
        let offsets = [
            ("PostgreSQL", try await DataStore.clockOffset_s(of: store.database, clock: clock)),
            ("Strava", await governor.snapshot().clockOffset_s),
        ]
        for (owner, offset_s) in offsets {
            guard let offset_s, abs(offset_s) > ClockAgreement.offsetMax_s else { continue }
            return .fail(ClockAgreement.sentence(owner, offset_s), advice: "set this machine's clock (NTP), or the other one")
        }
        return .ok(offsets[1].1 == nil ? "agrees with PostgreSQL's" : "agrees with PostgreSQL's and Strava's")
    }

    /// Any answer will do: without a token Strava answers 401, which does not count against the application's quota.
    private func strava() async throws -> Diagnosis {
        do {
            let answer = try await HTTPClient.with(userAgent: "fitnessd") { http in
                try await http.send(HTTPRequest(method: .get, url: stravaURL + "/athlete", timeout: .seconds(8)))
            }
            if answer.status < 500 { return .ok("reached") }
            return .fail("answers with status \(answer.status)", advice: "wait, and look at status.strava.com; calls go on by themselves")
        } catch {
            return .fail("can't be reached (\(error))", advice: "check the network and DNS of this machine, and FITNESSD_STRAVA_API_URL")
        }
    }
}
