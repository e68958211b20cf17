import Foundation
import HTTPTypes
import Hummingbird

/// How refusals look at an address, which decides about those that no route makes itself.
enum RefusalFormat {
    /// For people.
    case page
    /// For programs: `APIRefusal`.
    case program
    /// For clients of the predecessor: `RouterError`.
    case router

    init(path: String) {
        switch path {
        case RouterRoutes.path: self = .router
        case _ where path == "/mcp" || path == "/v1" || path.hasPrefix("/v1/"): self = .program
        default: self = .page
        }
    }

    /// Nil: a page.
    func response(_ status: HTTPResponse.Status) -> Response? {
        switch self {
        case .page: nil
        case .program: APIRefusal(status).response
        case .router: RouterError(APIRefusal(status)).response
        }
    }
}

/// Values as answers in JSON.
enum JSONBody {
    static func response(_ body: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes(body))))
    }

    /// With the names of members in alphabetical order.
    static func bytes(_ body: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
        }
        return (try? encoder.encode(body)) ?? Data()
    }
}
