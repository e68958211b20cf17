import ControlAPI
import Core
import Digest
import Foundation
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

extension ControlRoutes {
    func backup(_ route: ControlRoute, _ request: Request, _ context: ControlContext) async throws -> Response {
        switch route {
        case .makeBackup: try await makeBackup(request, context.connection)
        case .storeBackup:
            try ControlResponse.json(try await storeBackup(RequestReading.message(request)))
        case .recordBackup:
            try ControlResponse.json(try await dependencies.backups.record(RequestReading.message(request)), status: .created)
        default: try ControlResponse.json(try await dependencies.backups.list())
        }
    }

    private func storeBackup(_ request: BackupStoredRequest) async throws -> BackupMessage {
        try await dependencies.backups.stored(try Self.backupID(request.backupID), bytes: request.bytes)
    }

    /// Streams a dump. An error after the first bytes cuts the response, which the client reports as a failure.
    private func makeBackup(_ request: Request, _ channel: any Channel) async throws -> Response {
        let id = try Self.backupID(request.uri.queryParameters["id"].map(String.init) ?? "")
        let status = try await dependencies.keeper.status()
        let keyIDs = status.state.keys.filter { $0.rowCount > 0 }.map(\.keyID)
        let (dump, origin) = try await dependencies.backups.begin(keyIDs: keyIDs, keyring: status.path)
        let first: [UInt8]
        do { first = try await dump.next() ?? [] } catch {
            await dependencies.backups.ended()
            throw error
        }
        logger.log(.info, "backup begun", [:])
        let body = ResponseBody { writer in
            let result: Result<Void, any Error>
            do { result = .success(try await send(dump, first, id, origin, to: &writer, channel)) } catch { result = .failure(error) }
            dump.cancel()
            await dependencies.backups.ended()
            try result.get()
        }
        return Response(status: .ok, headers: [.contentType: "application/octet-stream"], body: body)
    }

    private func send(
        _ dump: BackupDesk.Source.Dump, _ first: [UInt8], _ id: UUID, _ origin: BackupDesk.Origin, to writer: inout any ResponseBodyWriter,
        _ channel: any Channel
    ) async throws {
        let digest = RunningSHA256()
        var count: Int64 = 0
        do {
            try await withGracefulShutdownHandler {
                var piece: [UInt8]? = first
                while let bytes = piece {
                    digest.append(bytes)
                    count += Int64(bytes.count)
                    try await dependencies.exports.withStallLimit(channel) { try await writer.write(ByteBuffer(bytes: bytes)) }
                    piece = try await dump.next()
                }
            } onGracefulShutdown: {
                dump.cancel()
                channel.close(promise: nil)
            }
            await dependencies.backups.finished(id, origin, bytes: count, sha256: digest.finish())
            try await writer.finish(nil)
        } catch {
            if let interruption = Interruption(error) {
                logger.log(.warning, "backup interrupted", [.reason: interruption.reason])
            } else {
                logger.log(.error, "backup failed", error)
            }
            throw error
        }
    }

    private static func backupID(_ text: String) throws -> UUID {
        guard let id = UUID(uuidString: text) else { throw ControlRefusal.badRequest("a backup is identified by a UUID of the client's") }
        return id
    }
}
