import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import StravaAPI
import Sync
import Vault

extension ControlRoutes {
    /// A graceful stop does not wait for a long body: the lines read so far are imported.
    func importAthletes(_ request: Request) async throws -> ImportReport {
        try await cancelWhenGracefulShutdown {
            var athletes = AthleteImport(
                registry: dependencies.registry, keepsLater: try !RequestReading.flag(request, "replace"), logger: logger)
            return try await athletes.run(request.body)
        }
    }

    /// The same of the predecessor's documents, whose tokens are sealed. All are read and opened before the first is stored.
    func importPredecessor(_ request: Request) async throws -> ImportReport {
        try await cancelWhenGracefulShutdown {
            var athletes = AthleteImport(
                registry: dependencies.registry, keepsLater: try !RequestReading.flag(request, "replace"), logger: logger)
            return try await athletes.run(try await PredecessorDocuments.read(request.body))
        }
    }
}

/// Reads JSON lines as they arrive: each good line registers an athlete in a transaction of its own, each bad one is reported by number.
private struct AthleteImport {
    /// The largest body, in bytes: some millions of athletes.
    private static let bodyBytesMax = 1 << 30

    private let registry: AthleteRegistry
    private let logger: Logger
    /// Keep a stored grant that expires later than the line's.
    private let keepsLater: Bool
    private var report = ImportReport()
    private var line = 0

    init(registry: AthleteRegistry, keepsLater: Bool, logger: Logger) {
        self.registry = registry
        self.keepsLater = keepsLater
        self.logger = logger
    }

    /// Reads the body to its end. Throws when it is too large or the database fails; the lines before that are imported.
    mutating func run(_ body: RequestBody) async throws -> ImportReport {
        var lines = LineSplitter(lineBytesMax: ControlJSON.lineBytesMax)
        var bytes = 0
        for try await buffer in body {
            bytes += buffer.readableBytes
            guard bytes <= Self.bodyBytesMax else {
                throw ControlRefusal(
                    .bodyTooLarge, "the import is larger than 1 GiB; \(line) lines were imported, import the rest separately")
            }
            lines.append(buffer.readableBytesView)
            while let next = lines.next() { try await handle(next) }
        }
        if let rest = lines.finish() { try await handle(rest) }
        return report
    }

    /// Stores what was read of the predecessor's documents. Throws when the database fails; the documents before that are imported.
    mutating func run(_ documents: [PredecessorDocuments.Entry]) async throws -> ImportReport {
        for document in documents {
            line = document.number
            switch document.content {
            case .success(let entry): try await register(entry)
            case .failure(let fault): report.noteBad(line, fault.reason)
            }
        }
        return report
    }

    private mutating func handle(_ next: LineSplitter.Line) async throws {
        line += 1
        switch next {
        case .tooLong: report.noteBad(line, "longer than \(ControlJSON.lineBytesMax) bytes")
        case .whole(let bytes) where bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }): break
        case .whole(let bytes):
            do {
                try await register(try ImportLine(bytes))
            } catch let fault as ImportFault {
                report.noteBad(line, fault.reason)
            } catch let error as SyncError where error.code == .unknownAthlete {
                report.noteBad(line, "the athlete is not known; without tokens, a line can only change the uid of a known one")
            }
        }
    }

    private mutating func register(_ entry: ImportLine) async throws {
        guard let grant = entry.grant else {
            guard let uid = entry.uid else { return }
            note(moves: try await registry.rename(entry.athlete, to: uid))
            return report.updated += 1
        }
        let registration = try await registry.register(
            grant, athlete: entry.athlete, uid: entry.uid, scope: (grant.scope ?? []).joined(separator: ","), arrival: .bulk,
            keepsLater: keepsLater
        )
        note(moves: registration.moves)
        switch registration.outcome {
        case .added: report.added += 1
        case .updated: report.updated += 1
        case .kept(let until): report.noteKept(.init(line: line, athleteID: entry.athlete.rawValue, expiresAt: until))
        // Not expected: a bulk import moves uids and has no link.
        case .refused, .linkUsed: report.noteBad(line, "the uid belongs to another athlete")
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
