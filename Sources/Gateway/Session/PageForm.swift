import Foundation
import HTTPTypes
import Hummingbird

/// The fields that a page's form sends (WHATWG URL, section 5.1: `application/x-www-form-urlencoded`).
struct PageForm: Sendable {
    private static let fieldsMax = 50

    private let fields: [String: String]

    /// - Throws: `PageRefusal` when the body is no form.
    static func read(_ request: Request) async throws -> PageForm {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased().filter { $0 != " " }
        guard type == "application/x-www-form-urlencoded" else { throw PageRefusal.noForm }
        var request = request
        let body = String(buffer: try await request.collectBody(upTo: GatewayLimits.bodyBytesMax))
        guard let form = PageForm(body) else { throw PageRefusal.noForm }
        return form
    }

    /// The query of an address, which a form with the method GET makes. Empty: it has none, or none that a form makes.
    init(query request: Request) { self = PageForm(request.uri.query ?? "") ?? PageForm(fields: [:]) }

    private init(fields: [String: String]) { self.fields = fields }

    /// Nil: not the text of a form. The first field of a name counts.
    init?(_ text: String) {
        guard let pairs = Self.pairs(text) else { return nil }
        fields = Dictionary(pairs) { first, _ in first }
    }

    /// The fields of a form's text, or of an address's query, in their order. Nil: not such a text, or one with more fields than any page has.
    static func pairs(_ text: String) -> [(String, String)]? {
        let fields = text.split(separator: "&")
        guard fields.count <= fieldsMax else { return nil }
        var pairs: [(String, String)] = []
        for field in fields {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0]), let value = decoded(parts.count > 1 ? parts[1] : "") else { return nil }
            pairs.append((name, value))
        }
        return pairs
    }

    subscript(name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }

    private static func decoded(_ text: Substring) -> String? { text.replacing("+", with: " ").removingPercentEncoding }
}

/// A path of our own to which a browser may be sent on, so that nobody makes a link that leads elsewhere by way of us.
enum OwnPath {
    private static let bytesMax = 512

    /// Nil: it may lead elsewhere.
    static func checked(_ text: String?) -> String? {
        guard let text, text.utf8.count <= bytesMax, text.hasPrefix("/"), !text.hasPrefix("//"),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return text
    }
}
