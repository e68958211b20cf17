import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import StravaAPI
import Sync
import Vault

/// Takes JSON lines as they come: each good line becomes an athlete in a transaction of its own, each bad one is noted with its number.
struct AthleteImport {
    /// The largest body, in bytes: some millions of athletes. More comes in a second import.
    static let bodyBytesMax = 1 << 30

    let registry: AthleteRegistry
    let logger: Logger
    /// A stored grant that expires later than the line's stays.
    private let keepsLater: Bool
    private var report = ImportReport()
    private var line = 0

    init(registry: AthleteRegistry, keepsLater: Bool, logger: Logger) {
        self.registry = registry
        self.keepsLater = keepsLater
        self.logger = logger
    }

    /// Reads the body to its end. Throws when it is too large or the database fails: lines before that are taken.
    mutating func run(_ body: RequestBody) async throws -> ImportReport {
        var lines = LineSplitter(lineBytesMax: ControlJSON.lineBytesMax)
        var bytes = 0
        for try await buffer in body {
            bytes += buffer.readableBytes
            guard bytes <= Self.bodyBytesMax else {
                throw ControlRefusal(.bodyTooLarge, "the import is larger than 1 GiB; \(line) lines are taken, send the rest apart")
            }
            lines.append(buffer.readableBytesView)
            while let next = lines.next() { try await take(next) }
        }
        if let rest = lines.finish() { try await take(rest) }
        return report
    }

    private mutating func take(_ next: LineSplitter.Line) async throws {
        line += 1
        switch next {
        case .tooLong: report.noteBad(line, "longer than \(ControlJSON.lineBytesMax) bytes")
        case .whole(let bytes) where bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }): break
        case .whole(let bytes):
            do {
                try await register(try ImportLine(bytes))
            } catch let fault as ImportLine.Fault {
                report.noteBad(line, fault.reason)
            } catch let error as SyncError where error.code == .unknownAthlete {
                report.noteBad(line, "the athlete is not known, and without tokens a line only renames a known one")
            }
        }
    }

    private mutating func register(_ entry: ImportLine) async throws {
        guard let given = entry.grant else {
            guard let uid = entry.uid else { return }
            note(moves: try await registry.rename(entry.athlete, to: uid))
            return report.updated += 1
        }
        let grant = TokenGrant(
            accessToken: given.accessToken, refreshToken: given.refreshToken, expiresAt: given.expiresAt, athleteID: entry.athlete,
            scope: given.scope)
        let registration = try await registry.register(
            grant, athlete: entry.athlete, uid: entry.uid, scope: given.scope.joined(separator: ","), arrival: .bulk, keepsLater: keepsLater
        )
        note(moves: registration.moves)
        switch registration.outcome {
        case .added: report.added += 1
        case .updated: report.updated += 1
        case .kept(let until): report.noteKept(.init(line: line, athleteID: entry.athlete.rawValue, expiresAt: until))
        // Many at once move uids and are not refused.
        case .refused: report.noteBad(line, "the uid belongs to another athlete")
        }
    }

    private mutating func note(moves: [UIDMove]) {
        for move in moves {
            report.noteMoved(.init(line: line, athleteID: move.athlete.rawValue, from: move.from, to: move.to))
            logger.log(
                .notice, "athlete moved to another uid", [.athleteID: move.athlete, .from: move.from, .uid: move.to ?? "none"])
        }
    }
}
