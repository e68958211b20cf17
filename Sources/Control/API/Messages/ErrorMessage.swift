/// The envelope of every refusal: `{"error":{"code":"not_found","message":"…"}}`.
public struct ErrorMessage: Codable, Sendable, Equatable {
    /// A snake_case code of a closed set and a sentence for a person. Neither contains a token or a body.
    public struct Detail: Codable, Sendable, Equatable {
        public let code: String
        public let message: String
    }

    public let error: Detail

    public init(code: ControlErrorCode, message: String) {
        error = Detail(code: code.rawValue, message: message)
    }
}

/// The codes of error envelopes. Clients branch on these, never on the message.
public enum ControlErrorCode: String, CaseIterable, Sendable {
    case badRequest = "bad_request"
    case notAllowed = "not_allowed"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case bodyTooLarge = "body_too_large"
    case busy
    case unavailable
    case failed

    /// The HTTP status sent with the code.
    public var status: Int {
        switch self {
        case .badRequest: 400
        case .notAllowed: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .bodyTooLarge: 413
        case .busy, .unavailable: 503
        case .failed: 500
        }
    }
}
