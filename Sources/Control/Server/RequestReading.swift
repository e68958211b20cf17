import ControlAPI
import Foundation
import Hummingbird
import NIOCore
import Sync

/// Reads and checks the parts of a request: path, query, body.
enum RequestReading {
    /// The largest JSON body of a request, in bytes.
    static let bodyBytesMax = 64 << 10

    static func athlete(_ context: ControlContext) throws -> Int64 {
        guard let id = context.parameters.get("athlete_id").flatMap({ Int64($0) }), id > 0 else {
            throw ControlRefusal.badRequest("an athlete is identified by Strava's number, for example /v1/athletes/12345")
        }
        return id
    }

    /// The whole body, which `request` keeps to be read again.
    static func body(_ request: inout Request) async throws -> [UInt8] {
        do {
            return Array(try await request.collectBody(upTo: bodyBytesMax).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw ControlRefusal(.bodyTooLarge, "the body is larger than \(bodyBytesMax) bytes")
        }
    }

    /// The body as a message. An empty body means `ifEmpty`, if there is one.
    static func message<Message: Decodable>(_ request: Request, ifEmpty: Message? = nil) async throws -> Message {
        var request = request
        let body = try await body(&request)
        if body.isEmpty, let ifEmpty { return ifEmpty }
        do {
            return try ControlJSON.decode(Message.self, from: body)
        } catch let error as DecodingError {
            throw ControlRefusal.badRequest("the body is not the JSON this path takes: \(reason(error))")
        }
    }

    static func integer(_ request: Request, _ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = request.uri.queryParameters[name[...]] else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw ControlRefusal.badRequest("\(name) must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A boolean of the query; absent: false.
    static func flag(_ request: Request, _ name: String) throws -> Bool {
        let text = request.uri.queryParameters[name[...]].map(String.init) ?? "false"
        guard let value = Bool(text) else { throw ControlRefusal.badRequest("\(name) must be true or false") }
        return value
    }

    static func time(_ request: Request, _ name: String) throws -> Date {
        guard let time = try timeIfGiven(request, name) else { throw wrongTime(name) }
        return time
    }

    /// Nil: absent.
    static func timeIfGiven(_ request: Request, _ name: String) throws -> Date? {
        guard let text = request.uri.queryParameters[name[...]] else { return nil }
        guard let time = ControlTime.date(String(text)) else { throw wrongTime(name) }
        return time
    }

    private static func wrongTime(_ name: String) -> ControlRefusal {
        .badRequest("\(name) must be an ISO-8601 time in UTC, for example 2026-01-31T12:00:00Z")
    }

    /// The steps named by `only`; nil: all.
    static func steps(_ request: Request) throws -> [SyncStep]? {
        guard let names = request.uri.queryParameters["only"] else { return nil }
        return try names.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let step = SyncStep(rawValue: String(name)) else {
                throw ControlRefusal.badRequest("only must be a comma-separated list of steps: list, detail, streams")
            }
            return step
        }
    }

    /// What is fetched of the past; nil: as set.
    static func history(_ request: Request) throws -> HistoryChoice? {
        guard let name = request.uri.queryParameters["history"] else { return nil }
        guard let choice = HistoryChoice(rawValue: String(name)) else {
            throw ControlRefusal.badRequest("history must be one of \(HistoryChoice.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return choice
    }

    /// Names the place in the body, never the value.
    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): return "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): return "\(place(context)) has the wrong type"
        case .dataCorrupted(let context): return context.codingPath.isEmpty ? "not JSON" : "\(place(context)) can't be read"
        @unknown default: return "not readable"
        }
    }

    private static func place(_ context: DecodingError.Context) -> String {
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? "the body" : path
    }
}
