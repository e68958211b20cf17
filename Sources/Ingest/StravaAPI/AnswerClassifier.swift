/// Decides what an error answer means, by status, then by `resource` and `field` of its body (docs/strava-api.md 1.5, 2, 3.3, 6). Never by
/// the wording, except for the two errors to which Strava gives no code. Pure.
struct AnswerClassifier {
    private let origin: AnswerOrigin
    private let status: Int
    private let fault: ErrorBody?
    private let isHTML: Bool
    private let bodyIsEmpty: Bool

    init(origin: AnswerOrigin, status: Int, contentType: String?, body: [UInt8]) {
        self.origin = origin
        self.status = status
        fault = ErrorBody(body: body)
        bodyIsEmpty = body.isEmpty
        isHTML = fault == nil && Self.looksLikeHTML(contentType: contentType, body: body)
    }

    var code: StravaError.Code {
        // Gateways before Strava also answer 429, with other bodies; the remedy is the same.
        if status == 429 { return .rateLimited }
        // HTML comes from a gateway, never from the API: it says nothing about a token, a grant or an activity.
        if isHTML { return .maintenance }
        return switch status {
        case 400: badRequest
        case 401: unauthorized
        case 402: .paymentRequired
        case 403: forbidden
        case 404, 410: notFound
        case 405...499: fault == nil ? .unreadable : .badRequest
        case 500...: serverTrouble
        default: .unreadable
        }
    }

    /// The missing scope as it would be requested: `activity:read` for the field `activity:read_permission`.
    var missingScope: String? {
        guard code == .scopeMissing, let item = fault?.items.first(where: Self.isMissingScope) else { return nil }
        let field =
            item.field.hasSuffix(Self.permissionSuffix) ? item.field.dropLast(Self.permissionSuffix.count) : item.field[...]
        let isPlain = field.utf8.allSatisfy {
            $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "_") || Character(Unicode.Scalar($0)).isLetter
        }
        return isPlain && !field.isEmpty && field.utf8.count <= 64 ? String(field) : nil
    }

    private var badRequest: StravaError.Code {
        guard let fault else { return .unreadable }
        if Self.isRateLimit(fault) { return .rateLimited }
        if fault.names("application", "client_id") || fault.names("application", "client_secret") { return .clientSecretWrong }
        if origin == .oauth {
            if fault.names("refreshtoken") { return .refreshTokenDead }
            // `RequestToken` is what the same error was called in 2018.
            if fault.names("authorizationcode") || fault.names("requesttoken", "code") { return .codeInvalid }
        }
        return .badRequest
    }

    /// 401 has three meanings: missing scope, dead token, wrong client secret. A read carries no client secret, so from the API only the first
    /// two are possible, and `Application / "" / invalid` (recorded in 2020 on a read) is a dead token, too.
    private var unauthorized: StravaError.Code {
        if let fault, fault.items.contains(where: Self.isMissingScope) { return .scopeMissing }
        if origin == .api || fault?.names("athlete") == true { return .tokenDead }
        return fault == nil ? .unreadable : .clientSecretWrong
    }

    private var forbidden: StravaError.Code {
        guard let fault else { return .forbidden }
        if fault.items.contains(where: { $0.code.lowercased() == "inactive" }) { return .appInactive }
        // In 2015 the rate limit's body came with 403.
        if Self.isRateLimit(fault) { return .rateLimited }
        return fault.says("connected athletes") ? .capacityExceeded : .forbidden
    }

    /// The body may be empty, as recorded; but one that is neither empty nor JSON must not pass for a deletion.
    private var notFound: StravaError.Code { fault != nil || bodyIsEmpty ? .notFound : .unreadable }

    /// 520 to 527 are Cloudflare's own, 597 was seen from Strava.
    private var serverTrouble: StravaError.Code {
        switch status {
        case 502, 503, 504, 520...527, 597: .maintenance
        default: .serverError
        }
    }

    private static let permissionSuffix = "_permission"

    private static func isMissingScope(_ item: ErrorBody.Item) -> Bool {
        item.resource.lowercased() == "accesstoken"
            && (item.code.lowercased() == "missing" || item.field.hasSuffix(permissionSuffix))
    }

    private static func isRateLimit(_ fault: ErrorBody) -> Bool {
        fault.items.contains { $0.field.lowercased() == "rate limit" && $0.code.lowercased() == "exceeded" }
    }

    static func looksLikeHTML(contentType: String?, body: [UInt8]) -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let first = body.prefix(1024).first { !isBlank($0) }
        return first == UInt8(ascii: "<") || (!body.isEmpty && contentType?.lowercased().hasPrefix("text/html") == true)
    }
}

/// Which part of Strava gave an answer: the same error body has different meanings.
enum AnswerOrigin: Sendable {
    /// The API, with an athlete's access token.
    case api
    /// OAuth, with the application's credentials.
    case oauth
}

/// The body of Strava's errors: `{"message": …, "errors": [{"resource", "field", "code"}]}` (docs/strava-api.md 0), read leniently: `errors`
/// has been seen as a string, as an empty list and missing.
struct ErrorBody: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        let resource: String
        let field: String
        let code: String
    }

    let message: String
    let items: [Item]
    /// `errors`, if it is a string.
    let text: String

    /// Error bodies have some hundred bytes; anything larger is something else.
    private static let bytesMax = 64 << 10
    private static let itemsMax = 16

    /// Nil if the body is not a JSON object.
    init?(body: [UInt8]) {
        guard body.count <= Self.bytesMax, let value = try? JSONValue(parsing: body), case .object = value else { return nil }
        message = value["message"]?.text ?? ""
        text = value["errors"]?.text ?? ""
        items = (value["errors"]?.list ?? []).prefix(Self.itemsMax).map { item in
            Item(resource: item["resource"]?.text ?? "", field: item["field"]?.text ?? "", code: item["code"]?.text ?? "")
        }
    }

    /// Whether an item has this resource and, unless nil, this field, ignoring case.
    func names(_ resource: String, _ field: String? = nil) -> Bool {
        items.contains { item in
            item.resource.lowercased() == resource && (field == nil || item.field.lowercased() == field)
        }
    }

    /// Whether one of its texts contains these words: for the two errors without a code.
    func says(_ words: String) -> Bool {
        ([message, text] + items.map(\.field)).contains { $0.lowercased().contains(words) }
    }
}
