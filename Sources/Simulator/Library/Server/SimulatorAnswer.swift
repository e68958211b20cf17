/// An answer, independent of any HTTP library.
struct SimulatorAnswer: Sendable {
    var status: Int
    var body: [UInt8]
    var contentType = "application/json; charset=utf-8"
    var headers: [(name: String, value: String)] = []
    /// How much of it is written.
    var extent = Extent.whole

    enum Extent: Sendable { case whole, truncated, reset }

    static func json(_ body: [UInt8], status: Int = 200) -> SimulatorAnswer { .init(status: status, body: body) }
    static func error(_ error: SimulatedError) -> SimulatorAnswer { .init(status: error.status, body: error.body) }

    static func html(_ text: String, status: Int = 200) -> SimulatorAnswer {
        .init(status: status, body: Array(text.utf8), contentType: "text/html; charset=utf-8")
    }

    static func redirect(to location: String) -> SimulatorAnswer {
        .init(status: 302, body: [], contentType: "text/html; charset=utf-8", headers: [("Location", location)])
    }
}

/// An error answer of Strava: status, message and one line of `errors` (docs/strava-api.md 0 and 1.5).
struct SimulatedError: Error, Sendable {
    let status: Int
    let message: String
    var resource: String?
    var field = ""
    var code = ""

    static func badRequest(_ resource: String, _ field: String, _ code: String) -> SimulatedError {
        .init(status: 400, message: "Bad Request", resource: resource, field: field, code: code)
    }

    static func unauthorized(_ resource: String, _ field: String, _ code: String) -> SimulatedError {
        .init(status: 401, message: "Authorization Error", resource: resource, field: field, code: code)
    }

    static let deadToken = unauthorized("Athlete", "access_token", "invalid")
    static let missingActivityScope = unauthorized("AccessToken", "activity:read_permission", "missing")
    static let missingProfileScope = unauthorized("AccessToken", "profile:read_permission", "missing")
    static let wrongSecret = unauthorized("Application", "", "invalid")
    static let wrongClient = badRequest("Application", "client_id", "invalid")
    static let rateLimited = SimulatedError(
        status: 429, message: "Rate Limit Exceeded", resource: "Application", field: "rate limit", code: "exceeded")
    static let inactive = SimulatedError(
        status: 403, message: "Forbidden", resource: "Application", field: "Status", code: "Inactive")
    static let capacity = SimulatedError(status: 403, message: "Limit of connected athletes exceeded")
    static let paymentRequired = SimulatedError(status: 402, message: "Payment Required")

    static func notFound(_ resource: String) -> SimulatedError {
        .init(status: 404, message: "Resource Not Found", resource: resource, code: "not found")
    }

    var body: [UInt8] {
        JSONWriter.object { json in
            json.field("message", message)
            json.field(
                "errors",
                array: { list in
                    guard let resource else { return }
                    list.object {
                        $0.field("resource", resource)
                        $0.field("field", field)
                        $0.field("code", code)
                    }
                })
        }
    }
}
