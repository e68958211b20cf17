import Foundation
import HTTPTypes
import Hummingbird
import Identity

/// A refusal in the shape of the predecessor's router: `{"error","message","diagnostics","code"}`. Nothing of the request is in it: the
/// predecessor sent headers back, with tokens in them.
struct RouterError: Error, Sendable {
    /// The codes that the predecessor sent as HTTP statuses, which no client library takes. Others are the status itself.
    enum Code: Int, Sendable {
        case noPayload = 900
        case noTarget = 901
        case noAuthorization = 902
        case notBearer = 903
        case noToken = 904
        case unknownTarget = 905
        case failed = 906
    }

    let status: HTTPResponse.Status
    /// Nil: a token that does not hold, for which the predecessor had no code.
    let code: Int?
    let message: String
    private let headers: HTTPFields
    private let diagnostics: Diagnostics

    init(_ code: Code) {
        let words = Self.words(code)
        let challenge = words.status == .unauthorized ? "Bearer" : nil
        self.init(
            code: code.rawValue, APIRefusal(words.status, "", words.message, challenge: challenge),
            Diagnostics(targets: code == .unknownTarget || code == .noTarget ? RouterTarget.allCases.map(\.rawValue) : nil))
    }

    init(_ error: APIRefusal) {
        let isRefusedToken = error.status == .unauthorized
        let code = error.status == .internalServerError ? Code.failed.rawValue : error.status.code
        self.init(code: isRefusedToken ? nil : code, error, Diagnostics(retryAfter_s: error.retryAfter_s))
    }

    init(_ error: IdentityError) {
        switch error {
        case .missing: self.init(Code.noAuthorization)
        case .notBearer: self.init(Code.notBearer)
        case .empty: self.init(Code.noToken)
        case .invalid, .expired, .revoked, .tooManyRequests, .unavailable: self.init(APIRefusal(error))
        }
    }

    /// What is asked for can't be done: the status is its code.
    init(_ status: HTTPResponse.Status, _ message: String, retryAfter_s: Int? = nil) {
        self.init(APIRefusal(status, "", message, retryAfter_s: retryAfter_s))
    }

    private init(code: Int?, _ error: APIRefusal, _ diagnostics: Diagnostics) {
        status = error.status
        self.code = code
        message = error.message
        headers = error.headers
        self.diagnostics = diagnostics
    }

    var response: Response {
        let body = Body(error: status.reasonPhrase, message: message, diagnostics: diagnostics, code: code)
        return JSONBody.response(body, status: status, headers: headers)
    }

    private struct Body: Encodable {
        let error: String
        let message: String
        let diagnostics: Diagnostics
        let code: Int?
    }

    /// What helps to repeat the request better. Facts about this router only.
    private struct Diagnostics: Encodable {
        var targets: [String]?
        var retryAfter_s: Int?

        enum CodingKeys: String, CodingKey {
            case targets = "target_apis"
            case retryAfter_s = "retry_after_s"
        }
    }

    private static func words(_ code: Code) -> (status: HTTPResponse.Status, message: String) {
        let targets = RouterTarget.allCases.map(\.rawValue).joined(separator: ", ")
        return switch code {
        case .noPayload: (.badRequest, "The body must be a JSON object with target_api and payload.")
        case .noTarget: (.badRequest, "The body has no target_api: send one of \(targets).")
        case .noAuthorization: (.unauthorized, "Missing Authorization header: send Bearer and an ID token.")
        case .notBearer: (.unauthorized, "Invalid Authorization header: it must be Bearer and an ID token.")
        case .noToken: (.unauthorized, "Missing token in the Authorization header: an ID token must follow Bearer.")
        case .unknownTarget: (.badRequest, "The target_api is unknown: send one of \(targets).")
        case .failed: (.internalServerError, "The router failed: try again, or tell the operator.")
        }
    }
}
