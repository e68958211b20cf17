import Foundation

/// A request as the simulator sees it, free of any HTTP library.
struct SimulatorRequest: Sendable {
    let method: String
    let path: String
    let rawQuery: String
    let query: FormFields
    let form: FormFields
    let authorization: String?
    let endpoint: Endpoint

    init(method: String, path: String, rawQuery: String, authorization: String?, contentType: String?, body: [UInt8]) {
        self.method = method
        self.path = path
        self.rawQuery = rawQuery
        self.authorization = authorization
        query = FormFields(parsing: rawQuery)
        let isForm = contentType?.lowercased().hasPrefix("application/x-www-form-urlencoded") ?? false
        form = isForm ? FormFields(parsing: String(decoding: body, as: UTF8.self)) : FormFields()
        endpoint = Endpoint(method: method, path: path)
    }

    /// Strava takes parameters from the query as well as from the form.
    var parameters: FormFields { query.merging(form) }

    /// The access token and where it travelled.
    var accessToken: (text: String, place: TokenPlace)? {
        if let authorization, authorization.lowercased().hasPrefix("bearer ") { return (String(authorization.dropFirst(7)), .header) }
        if let text = query["access_token"] { return (text, .query) }
        if let text = form["access_token"] { return (text, .body) }
        return nil
    }

    /// Name and password of HTTP Basic.
    var basicCredentials: (name: String, password: String)? {
        guard let authorization, authorization.lowercased().hasPrefix("basic ") else { return nil }
        guard let data = Data(base64Encoded: String(authorization.dropFirst(6))) else { return nil }
        let sides = String(decoding: data, as: UTF8.self).split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return sides.count == 2 ? (String(sides[0]), String(sides[1])) : nil
    }

    /// The query without secrets.
    var loggableQuery: String {
        let secret: Set<String> = ["access_token", "client_secret", "refresh_token", "code", "token", "verify_token", "state"]
        return rawQuery.split(separator: "&").map { part in
            let name = String(part.prefix { $0 != "=" })
            return secret.contains(name) ? "\(name)=<secret>" : String(part)
        }.joined(separator: "&")
    }
}
