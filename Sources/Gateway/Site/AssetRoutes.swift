import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Web

/// `/assets/NAME`: style sheets and scripts of the pages. A browser keeps them for an hour, and asks with its tag after that.
struct AssetRoutes: Sendable {
    private struct Served: Sendable {
        let type: String
        let body: ByteBuffer
        let tag: EntityTag
    }

    private let served: [String: Served]

    init(_ assets: WebAssets) {
        let files = assets.files.map { file in
            (file.name, Served(type: file.type, body: ByteBuffer(bytes: file.bytes), tag: EntityTag(of: file.bytes)))
        }
        served = Dictionary(files) { first, _ in first }
    }

    var routes: [Route] {
        [.get("/assets/:name") { request, context in try answer(context.parameters.get("name") ?? "", request) }]
    }

    private func answer(_ name: String, _ request: Request) throws -> Response {
        guard let file = served[name] else { throw HTTPError(.notFound) }
        var headers: HTTPFields = [.eTag: file.tag.text, .cacheControl: "public, max-age=3600"]
        if file.tag.isNamed(in: request.headers[values: .ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = file.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.body))
    }
}

/// Pages made from templates, as answers.
enum PageAnswer {
    private static let referrerPolicy = HTTPField.Name("Referrer-Policy")!

    /// - Parameters:
    ///   - imageHost: another host from which images may come (a server of map tiles); nil: none.
    ///   - referrer: what browsers tell of the page's address. Without any, they would send no origin with forms either.
    static func response(
        _ html: String, status: HTTPResponse.Status = .ok, imageHost: String? = nil, referrer: String = "same-origin"
    ) -> Response {
        Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy(imageHost: imageHost), referrerPolicy: referrer,
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }

    /// Nothing inline, nothing from other hosts, and no page within another's.
    static func policy(imageHost: String?) -> String {
        let images = imageHost.map { "'self' \($0)" } ?? "'self'"
        return """
            default-src 'none'; script-src 'self'; style-src 'self'; img-src \(images); connect-src 'self'; form-action 'self'; \
            base-uri 'none'; frame-ancestors 'none'
            """
    }

    /// To another of our pages. The browser asks for it by GET.
    static func redirect(to path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
}
