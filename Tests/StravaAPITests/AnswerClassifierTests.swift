import HTTPTransport
import Testing

@testable import StravaAPI

/// The table of docs/strava-api.md 1.5, 2, 3.3 and 6.
struct AnswerClassifierTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let origin: AnswerOrigin
        let status: Int
        let body: String
        let code: StravaError.Code
        var contentType = "application/json; charset=utf-8"

        var testDescription: String { "\(origin) \(status) \(body) → \(code)" }
    }

    private static func fault(_ resource: String, _ field: String, _ code: String, _ message: String = "Bad Request") -> String {
        #"{"message":"\#(message)","errors":[{"resource":"\#(resource)","field":"\#(field)","code":"\#(code)"}]}"#
    }

    static let cases: [Case] = [
        // 401 has three meanings.
        Case(origin: .api, status: 401, body: fault("Athlete", "access_token", "invalid", "Authorization Error"), code: .tokenDead),
        Case(
            origin: .api, status: 401, body: fault("AccessToken", "activity:read_permission", "missing", "Authorization Error"),
            code: .scopeMissing),
        Case(origin: .oauth, status: 401, body: fault("Application", "", "invalid", "Authorization Error"), code: .clientSecretWrong),
        Case(origin: .api, status: 401, body: fault("Application", "", "invalid", "Authorization Error"), code: .tokenDead),
        Case(origin: .oauth, status: 401, body: fault("Athlete", "access_token", "invalid"), code: .tokenDead),
        Case(origin: .oauth, status: 401, body: #"{"message":"Authorization Error","errors":[]}"#, code: .clientSecretWrong),
        Case(origin: .api, status: 401, body: #"{"message":"Authorization Error","errors":[]}"#, code: .tokenDead),
        Case(origin: .api, status: 401, body: "", code: .tokenDead),
        Case(origin: .oauth, status: 401, body: "", code: .unreadable),
        // The token endpoint.
        Case(origin: .oauth, status: 400, body: fault("Application", "client_id", "invalid"), code: .clientSecretWrong),
        Case(origin: .oauth, status: 400, body: fault("Application", "client_id", "missing"), code: .clientSecretWrong),
        Case(origin: .oauth, status: 400, body: fault("AuthorizationCode", "code", "invalid"), code: .codeInvalid),
        Case(origin: .oauth, status: 400, body: fault("RequestToken", "code", "invalid"), code: .codeInvalid),
        Case(origin: .oauth, status: 400, body: fault("RefreshToken", "refresh_token", "invalid"), code: .refreshTokenDead),
        Case(origin: .api, status: 400, body: fault("RefreshToken", "refresh_token", "invalid"), code: .badRequest),
        Case(origin: .oauth, status: 400, body: "<html><body>Bad Request</body></html>", code: .maintenance, contentType: "text/html"),
        Case(origin: .oauth, status: 400, body: "Bad Request", code: .maintenance, contentType: "text/html; charset=UTF-8"),
        Case(origin: .oauth, status: 400, body: "", code: .unreadable),
        Case(origin: .oauth, status: 400, body: "refresh_token invalid", code: .unreadable, contentType: "text/plain"),
        // The application.
        Case(origin: .api, status: 403, body: fault("Application", "Status", "Inactive", "Forbidden"), code: .appInactive),
        Case(
            origin: .oauth, status: 403, body: #"{"message":"Limit of connected athletes exceeded","errors":[]}"#, code: .capacityExceeded),
        Case(
            origin: .oauth, status: 403, body: #"{"message":"x","errors":"403: limit of Connected Athletes exceeded"}"#,
            code: .capacityExceeded),
        Case(origin: .api, status: 403, body: #"{"message":"Forbidden"}"#, code: .forbidden),
        Case(origin: .api, status: 403, body: "", code: .forbidden),
        Case(origin: .api, status: 403, body: "<!DOCTYPE html>", code: .maintenance, contentType: "text/html"),
        // The quota.
        Case(origin: .api, status: 429, body: fault("Application", "rate limit", "exceeded", "Rate Limit Exceeded"), code: .rateLimited),
        Case(
            origin: .api, status: 429, body: #"{"errors":"Rate Limit Exceeded","status":429,"message":"Too Many Requests"}"#,
            code: .rateLimited),
        Case(origin: .api, status: 429, body: "", code: .rateLimited),
        Case(origin: .api, status: 429, body: "<html>", code: .rateLimited, contentType: "text/html"),
        Case(origin: .api, status: 403, body: fault("Application", "rate limit", "exceeded", "Rate Limit Exceeded"), code: .rateLimited),
        // Objects.
        Case(origin: .api, status: 404, body: fault("Activity", "", "not found", "Resource Not Found"), code: .notFound),
        Case(origin: .api, status: 404, body: fault("Activity", "id", "invalid", "Record Not Found"), code: .notFound),
        Case(origin: .api, status: 404, body: "", code: .notFound),
        Case(origin: .api, status: 404, body: "<html>404</html>", code: .maintenance, contentType: "text/html"),
        Case(origin: .api, status: 404, body: "no such route", code: .unreadable, contentType: "text/plain"),
        Case(origin: .api, status: 402, body: "", code: .paymentRequired),
        Case(origin: .api, status: 402, body: #"{"message":"Payment Required"}"#, code: .paymentRequired),
        Case(origin: .api, status: 400, body: fault("Application", "after", "future"), code: .badRequest),
        Case(origin: .api, status: 400, body: #"{"message":"Bad Request","errors":[]}"#, code: .badRequest),
        Case(origin: .api, status: 422, body: #"{"message":"x"}"#, code: .badRequest),
        // Trouble at Strava.
        Case(origin: .api, status: 500, body: #"{"message":"error"}"#, code: .serverError),
        Case(origin: .api, status: 500, body: "", code: .serverError),
        Case(origin: .api, status: 500, body: "<html>", code: .maintenance, contentType: "text/html"),
        Case(origin: .api, status: 502, body: "", code: .maintenance),
        Case(origin: .api, status: 503, body: #"{"message":"x"}"#, code: .maintenance),
        Case(origin: .oauth, status: 503, body: "", code: .maintenance),
        Case(origin: .api, status: 504, body: "<html>", code: .maintenance, contentType: "text/html"),
        Case(origin: .api, status: 522, body: "error code: 522", code: .maintenance, contentType: "text/plain"),
        Case(origin: .api, status: 597, body: "", code: .maintenance),
        // Other bodies.
        Case(origin: .api, status: 201, body: "{}", code: .unreadable), Case(origin: .api, status: 204, body: "", code: .unreadable),
        Case(origin: .api, status: 301, body: "", code: .unreadable), Case(origin: .api, status: 304, body: "", code: .unreadable),
    ]

    @Test(arguments: cases)
    func `status and error body decide the code`(example: Case) {
        let classifier = AnswerClassifier(
            origin: example.origin, status: example.status, contentType: example.contentType, body: bytes(example.body))
        #expect(classifier.code == example.code)
    }

    @Test(arguments: [
        ("activity:read_permission", "activity:read"), ("profile:read_all_permission", "profile:read_all"),
        ("activity:read", "activity:read"),
        ("", nil), ("_permission", nil), ("<b>_permission", nil), (String(repeating: "a", count: 65), nil),
    ])
    func `a missing scope is named as it would be requested`(field: String, scope: String?) {
        let body = Self.fault("AccessToken", field, "missing")
        #expect(AnswerClassifier(origin: .api, status: 401, contentType: nil, body: bytes(body)).missingScope == scope)
    }

    @Test func `only trouble of all athletes is application-wide`() {
        let wide = StravaError.Code.allCases.filter { StravaError(code: $0).isApplicationWide }
        #expect(Set(wide) == [.rateLimited, .appInactive, .capacityExceeded, .maintenance, .clientSecretWrong])
        let worthwhile = StravaError.Code.allCases.filter { StravaError(code: $0).retryAdvice == .retry }
        #expect(Set(worthwhile) == [.rateLimited, .serverError, .maintenance, .unreadable, .network, .busy, .cancelled])
        let names = StravaError.Code.allCases.map(\.rawValue)
        #expect(names.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
    }

    @Test func `an error body of any form is read, up to its limits`() throws {
        let many = Array(repeating: #"{"resource":"A","field":null}"#, count: 100).joined(separator: ",")
        let fault = try #require(ErrorBody(body: bytes(#"{"errors":[\#(many)],"message":7}"#)))
        #expect(fault.items.count == 16)
        #expect(fault.items.first == .init(resource: "A", field: "", code: ""))
        #expect(fault.message == "")
        #expect(ErrorBody(body: bytes("[]")) == nil)
        #expect(ErrorBody(body: bytes(#"{"message":"\#(String(repeating: "x", count: 70_000))"}"#)) == nil)
    }

    @Test(arguments: [HTTPTransportError.Code.queueFull, .closed])
    func `a full or closed queue of our own is not network trouble`(code: HTTPTransportError.Code) {
        let error = StravaError(transport: HTTPTransportError(code: code, mayHaveReachedServer: false), endpoint: "streams")
        #expect(error.code == .busy && error.reachedStrava == .no)
    }
}
