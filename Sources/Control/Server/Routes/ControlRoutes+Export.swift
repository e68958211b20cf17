import ControlAPI
import Core
import Database
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Warehouse

extension ControlRoutes {
    private static let tableDefault = "activity"

    /// Streams one athlete's rows of one table. An error after the first byte cuts the answer, which the client takes for a failure.
    func export(_ id: Int64, _ request: Request, _ channel: any Channel) async throws -> Response {
        _ = try await athlete(id)
        let format = try exportFormat(request)
        let statement = try await exportStatement(id, request, format)
        guard let place = dependencies.exports.place() else {
            throw ControlRefusal(.busy, "fitnessd makes \(Exports.countMax) exports already; try again when one has ended")
        }
        let body = ResponseBody { writer in
            try await send(statement, id, to: &writer, channel)
            withExtendedLifetime(place) {}
        }
        return Response(status: .ok, headers: [.contentType: format.contentType], body: body)
    }

    private func exportFormat(_ request: Request) throws -> ExportQueries.Format {
        guard let text = request.uri.queryParameters["format"] else { return .csv }
        guard let format = ExportQueries.Format(rawValue: String(text)) else {
            throw ControlRefusal.badRequest("format must be csv, binary or arrow")
        }
        return format
    }

    private func exportStatement(_ id: Int64, _ request: Request, _ format: ExportQueries.Format) async throws -> ExportStatement {
        let table = request.uri.queryParameters["table"].map(String.init) ?? Self.tableDefault
        let isForSpreadsheet = try RequestReading.flag(request, "spreadsheet")
        guard !isForSpreadsheet || format == .csv else { throw ControlRefusal.badRequest("spreadsheet goes with format=csv") }
        let queries = ExportQueries(database: dependencies.database)
        guard let statement = try await queries.statement(table: table, athlete: id, format: format, isForSpreadsheet: isForSpreadsheet)
        else {
            throw ControlRefusal.badRequest("there is no such table; there are \(try await queries.tables().joined(separator: ", "))")
        }
        return statement
    }

    private func send(
        _ statement: ExportStatement, _ id: Int64, to writer: inout any ResponseBodyWriter, _ channel: any Channel
    ) async throws {
        do {
            var arrow = statement.schema.map { ArrowStreamEncoder($0) }
            _ = try await withGracefulShutdownHandler {
                try await dependencies.database.copyOut(statement.text) { piece in
                    for bytes in try arrow?.received(piece) ?? [piece] { try await send(bytes, to: &writer, channel) }
                }
                for bytes in try arrow?.ended() ?? [] { try await send(bytes, to: &writer, channel) }
            } onGracefulShutdown: {
                channel.close(promise: nil)
            }
            try await writer.finish(nil)
        } catch {
            if let departure = Departure(error) {
                logger.log(.info, "export not taken to its end", [.athleteID: id, .reason: departure.reason])
            } else {
                logger.log(.error, "export cut", [.athleteID: id, .error: "\(error)"])
            }
            throw error
        }
    }

    private func send(_ bytes: [UInt8], to writer: inout any ResponseBodyWriter, _ channel: any Channel) async throws {
        try await dependencies.exports.hurry(channel) { try await writer.write(ByteBuffer(bytes: bytes)) }
    }
}
