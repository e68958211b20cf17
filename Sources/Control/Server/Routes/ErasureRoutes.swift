import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Sync

extension ControlRoutes {
    func erasure(_ route: ControlRoute, _ request: Request, _ context: ControlContext) async throws -> Response {
        switch route {
        case .erasurePlan: try ControlResponse.json(try await plan(RequestReading.athlete(context)))
        case .eraseAthlete: try ControlResponse.json(try await erase(RequestReading.athlete(context)), status: .accepted)
        case .replayErasures: try ControlResponse.json(try await replay(request))
        default: try ControlResponse.json(try await receipts(request))
        }
    }

    private func plan(_ athlete: Int64) async throws -> ErasurePlanMessage {
        let rows = try await dependencies.eraser.plan(AthleteID(athlete))
        let uid = try await dependencies.database.query("SELECT uid FROM sync.athlete WHERE athlete_id = \(athlete)")
            .first?.decode(String?.self)
        return ErasurePlanMessage(athleteID: athlete, uid: uid ?? nil, tables: Self.tables(rows))
    }

    private func erase(_ athlete: Int64) async throws -> ErasureMessage {
        Self.message(try await dependencies.eraser.erase(AthleteID(athlete), by: .operator))
    }

    private func receipts(_ request: Request) async throws -> ErasuresMessage {
        let after = try RequestReading.integer(request, "after", in: 0...(Int64.max - 1)) ?? 0
        let limit = try RequestReading.integer(request, "limit", in: 1...Int64(ErasuresMessage.pageMax)) ?? Int64(ErasuresMessage.pageMax)
        let receipts = try await dependencies.eraser.receipts(after: after, limit: Int(limit) + 1)
        let page = receipts.prefix(Int(limit)).map(Self.message)
        return ErasuresMessage(erasures: page, nextAfter: receipts.count > page.count ? page.last?.erasureNo : nil)
    }

    /// Nothing is erased before the whole file has been read. A graceful stop does not wait; the replay may be repeated.
    private func replay(_ request: Request) async throws -> ErasureReplayMessage {
        try await cancelWhenGracefulShutdown {
            var replay = ErasureReplay(eraser: dependencies.eraser)
            var lines = LineSplitter(lineBytesMax: ControlJSON.lineBytesMax)
            for try await buffer in request.body {
                lines.append(buffer.readableBytesView)
                while let line = lines.next() { try Self.add(line, to: &replay) }
            }
            if let rest = lines.finish() { try Self.add(rest, to: &replay) }
            let report = try await replay.run()
            return ErasureReplayMessage(
                receipts: report.receipts, bad: report.bad, found: report.found, erased: report.erased, unmatchable: report.unmatchable,
                missingKeys: report.missingKeys)
        }
    }

    private static func add(_ line: LineSplitter.Line, to replay: inout ErasureReplay) throws {
        // A line that is too long is no receipt, as is one of zeroes.
        let bytes: [UInt8] = if case .whole(let bytes) = line { Array(bytes) } else { [0] }
        guard replay.add(bytes) else {
            throw ControlRefusal(.bodyTooLarge, "more than \(ErasureReplay.receiptsMax) receipts: replay them in parts")
        }
    }

    private static func message(_ receipt: ErasureReceipt) -> ErasureMessage {
        ErasureMessage(
            erasureID: receipt.erasureID.uuidString.lowercased(), erasureNo: receipt.number, athleteTag: receipt.athleteTag,
            keyID: receipt.keyID, requestedBy: receipt.requestedBy.rawValue, requestedAt: receipt.requestedAt, erasedAt: receipt.erasedAt,
            revocation: receipt.revocation.rawValue, revocationAt: receipt.revocationAt, tables: tables(receipt.rows))
    }

    private static func tables(_ rows: [String: Int]) -> [ErasedTable] {
        rows.sorted { $0.key < $1.key }.map { ErasedTable(table: $0.key, rows: $0.value) }
    }
}
