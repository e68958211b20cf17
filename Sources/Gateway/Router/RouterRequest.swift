import Foundation
import Hummingbird

/// What the predecessor's router could be asked for.
enum RouterTarget: String, CaseIterable, Sendable {
    /// Exchange the code of Strava's redirect, and connect the athlete with the caller.
    case connect = "strava_auth_initiate"
    case refreshToken = "token_refresh"
    /// Sync now.
    case sync = "data_run"
}

/// The body of `POST /api`, as far as it is used. Texts are what the client sent: they go to Strava or nowhere.
struct RouterRequest: Sendable {
    /// The only source of data, as the predecessor's clients name it.
    private static let source = "strava"

    /// Nil: a name that is none of ours.
    let target: RouterTarget?
    private let payload: Payload

    /// - Throws: `RouterError` with 900 for a body that is no filled JSON object, 901 for one that names no target.
    init(_ body: [UInt8], query: String?) throws(RouterError) {
        guard !body.isEmpty, let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(body)), !envelope.isEmpty else {
            throw RouterError(.noPayload)
        }
        guard let name = envelope.target, !name.isEmpty else { throw RouterError(.noTarget) }
        target = RouterTarget(rawValue: name)
        var payload = envelope.payload ?? Payload()
        payload.source = query ?? payload.source
        self.payload = payload
    }

    /// The code of Strava's redirect.
    ///
    /// - Throws: `RouterError` when there is none.
    func code() throws(RouterError) -> String {
        guard let code = payload.code, CodeExchange.isCode(code) else {
            throw RouterError(.badRequest, "payload.code is missing: send the code of Strava's redirect.")
        }
        return code
    }

    /// The scopes of Strava's redirect, if the client passes them on. They count where Strava's answer to the code names none.
    var scope: String? { payload.scope }

    /// - Throws: `RouterError` unless the data source is Strava.
    func requireStrava() throws(RouterError) {
        guard let source = payload.source, !source.isEmpty else {
            throw RouterError(.badRequest, "data_source is missing: send strava, in the query or in the payload.")
        }
        guard source.lowercased() == Self.source else { throw RouterError(.badRequest, "The only data_source is strava.") }
    }

    /// Fields of other types than expected count as missing.
    private struct Envelope: Decodable {
        let isEmpty: Bool
        let target: String?
        let payload: Payload?

        private struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: AnyKey.self)
            isEmpty = values.allKeys.isEmpty
            target = try? values.decode(String.self, forKey: AnyKey(stringValue: "target_api"))
            payload = try? values.decode(Payload.self, forKey: AnyKey(stringValue: "payload"))
        }
    }

    private struct Payload: Decodable {
        var code: String?
        var scope: String?
        var source: String?

        init() {}

        enum CodingKeys: String, CodingKey {
            case code, scope
            case source = "data_source"
        }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            code = try? values.decode(String.self, forKey: .code)
            scope = try? values.decode(String.self, forKey: .scope)
            source = try? values.decode(String.self, forKey: .source)
        }
    }
}
