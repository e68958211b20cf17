import Core
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OwnData
import ServerGuard
import ServiceLifecycle

/// `GET /v1/me/export`: everything as a ZIP archive, sent while it is read.
extension MeRoutes {
    /// A client that takes nothing for so long is disconnected.
    private static let stallMax = TimeAmount.seconds(60)

    func export(_ asked: Asked) async throws -> Response {
        let export = OwnExport(reader: try reader(), clock: clock)
        let headers: HTTPFields = [
            .contentType: "application/zip", .contentDisposition: "attachment; filename=\"fitness-export.zip\"",
        ]
        // HEAD reads nothing.
        if asked.request.method == .head { return Response(status: .ok, headers: headers) }
        guard let slot = exports.take(asked.athlete) else {
            throw APIRefusal(
                .tooManyRequests, "export_running", "Your export, or too many others, are running: try again when it has ended.",
                retryAfter_s: 60)
        }
        let channel = asked.context.channel
        let body = ResponseBody { writer in
            try await send(export, asked, to: &writer, channel)
            withExtendedLifetime(slot) {}
        }
        return Response(status: .ok, headers: headers, body: body)
    }

    private func send(
        _ export: OwnExport, _ asked: Asked, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        let began_s = clock.uptime_s
        do {
            try await withGracefulShutdownHandler {
                try await export.write(asked.athlete, showsPlaces: asked.showsPlaces) { bytes in
                    // A client that takes a byte now and then holds a connection no longer than this.
                    if clock.uptime_s - began_s > OwnExport.timeMax.seconds { throw CancellationError() }
                    channel.triggerUserOutboundEvent(LongerAnswer(time: Self.stallMax), promise: nil)
                    if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
                }
            } onGracefulShutdown: {
                channel.close(promise: nil)
            }
            try await writer.finish(nil)
        } catch {
            // The client sees an answer that is cut off.
            logger.log(channel.isActive ? .error : .info, "export ended early", [.athleteID: asked.athlete, .error: "\(type(of: error))"])
            throw error
        }
    }
}
