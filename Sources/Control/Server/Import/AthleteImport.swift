import ControlAPI
import Core
import Database
import Hummingbird
import NIOCore
import StravaAPI
import Sync
import Vault

/// Takes JSON lines as they come: each good line becomes an athlete in a transaction of its own, each bad one is noted with its number.
struct AthleteImport {
    /// The largest body, in bytes: some millions of athletes. More comes in a second import.
    static let bodyBytesMax = 1 << 30

    let registry: AthleteRegistry
    private var added = 0
    private var updated = 0
    private var bad = 0
    private var badLines: [ImportReport.BadLine] = []
    private var line = 0

    init(registry: AthleteRegistry) { self.registry = registry }

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
        return ImportReport(added: added, updated: updated, bad: bad, badLines: badLines)
    }

    private mutating func take(_ next: LineSplitter.Line) async throws {
        line += 1
        switch next {
        case .tooLong: note("longer than \(ControlJSON.lineBytesMax) bytes")
        case .whole(let bytes) where bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 }): break
        case .whole(let bytes):
            do {
                try await register(try ImportLine(bytes))
            } catch let fault as ImportLine.Fault {
                note(fault.reason)
            }
        }
    }

    private mutating func register(_ entry: ImportLine) async throws {
        let grant = TokenGrant(
            accessToken: entry.accessToken, refreshToken: entry.refreshToken, expiresAt: entry.expiresAt, athleteID: entry.athlete,
            scope: entry.scope)
        let isNew = try await registry.register(
            grant, athlete: entry.athlete, uid: entry.uid, scope: entry.scope.joined(separator: ","), arrival: .bulk)
        if isNew { added += 1 } else { updated += 1 }
    }

    private mutating func note(_ reason: String) {
        bad += 1
        if badLines.count < ImportReport.badLinesMax { badLines.append(.init(line: line, reason: reason)) }
    }
}
