/// Says what an answer means that is not what was asked for: by status, then by the fault's `resource` and `field`
/// (docs/strava-api.md 1.5, 2, 3.3, 6). Never by its wording, except for the two errors that Strava gives no code to.
struct AnswerClassifier {
    let door: AnswerDoor
    let status: Int
    private let fault: StravaFault?
    private let isHTML: Bool
    private let bodyIsEmpty: Bool

    init(door: AnswerDoor, status: Int, contentType: String?, body: [UInt8]) {
        self.door = door
        self.status = status
        fault = StravaFault(body: body)
        bodyIsEmpty = body.isEmpty
        isHTML = fault == nil && Self.looksLikeHTML(contentType: contentType, body: body)
    }

    var code: StravaError.Code {
        // Whatever stands before Strava answers 429 in its own words too, and the cure is the same.
        if status == 429 { return .rateLimited }
        // A page of HTML comes from a gateway, never from the API: it says nothing about a token, a grant or an activity.
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

    /// For a missing scope: `activity:read_permission` is asked for as `activity:read`.
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
        if door == .oauth {
            if fault.names("refreshtoken") { return .refreshTokenDead }
            // `RequestToken` is what the same error was called in 2018.
            if fault.names("authorizationcode") || fault.names("requesttoken", "code") { return .codeInvalid }
        }
        return .badRequest
    }

    /// 401 has three meanings. A read carries no client secret, so at the API's door only the first two are possible, and
    /// `Application / "" / invalid` (recorded in 2020 on a read) is a dead token like any other.
    private var unauthorized: StravaError.Code {
        if let fault, fault.items.contains(where: Self.isMissingScope) { return .scopeMissing }
        if door == .api || fault?.names("athlete") == true { return .tokenDead }
        return fault == nil ? .unreadable : .clientSecretWrong
    }

    private var forbidden: StravaError.Code {
        guard let fault else { return .forbidden }
        if fault.items.contains(where: { $0.code.lowercased() == "inactive" }) { return .appInactive }
        // In 2015 the rate limit's body came as 403.
        if Self.isRateLimit(fault) { return .rateLimited }
        return fault.says("connected athletes") ? .capacityExceeded : .forbidden
    }

    /// Also with an empty body, as recorded; but something that is neither empty nor JSON must not look like a deletion.
    private var notFound: StravaError.Code { fault != nil || bodyIsEmpty ? .notFound : .unreadable }

    /// 520 to 527 are Cloudflare's own, 597 was seen from Strava.
    private var serverTrouble: StravaError.Code {
        switch status {
        case 502, 503, 504, 520...527, 597: .maintenance
        default: .serverError
        }
    }

    private static let permissionSuffix = "_permission"

    private static func isMissingScope(_ item: StravaFault.Item) -> Bool {
        item.resource.lowercased() == "accesstoken"
            && (item.code.lowercased() == "missing" || item.field.hasSuffix(permissionSuffix))
    }

    private static func isRateLimit(_ fault: StravaFault) -> Bool {
        fault.items.contains { $0.field.lowercased() == "rate limit" && $0.code.lowercased() == "exceeded" }
    }

    static func looksLikeHTML(contentType: String?, body: [UInt8]) -> Bool {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let first = body.prefix(1024).first { !isBlank($0) }
        return first == UInt8(ascii: "<") || (!body.isEmpty && contentType?.lowercased().hasPrefix("text/html") == true)
    }
}
