import Core
import Foundation
import Glibc
import HTTPTypes
import Hummingbird

/// The names under which browsers may ask for the pages.
///
/// A page of another site can give its own name this machine's address (DNS rebinding), and would then read answers as if they were its own. Its
/// requests still carry its name in `Host`: an address, `localhost` and the configured names can't be such a name.
struct TrustedHosts: Sendable {
    private let publicURL: PublicURL
    private let names: Set<String>
    private static let fetchSite = HTTPField.Name("Sec-Fetch-Site")!

    init(publicURL: PublicURL, addresses: GatewayAddresses) {
        self.publicURL = publicURL
        names = Set(addresses.listened.map { $0.address.host.lowercased() } + [publicURL.host])
    }

    /// Refuses a request that was sent to another name.
    func require(_ request: Request) throws(PageRefusal) {
        guard let host = Self.host(request.head.authority), isTrusted(host) else { throw .otherHost }
    }

    /// Refuses a form that doesn't come from one of our own pages. Browsers say where a form comes from in `Origin`.
    func requireOwnForm(_ request: Request) throws(PageRefusal) {
        try require(request)
        let origins = request.headers[values: .origin]
        if origins.isEmpty {
            guard ["same-origin", "none"].contains(request.headers[Self.fetchSite] ?? "none") else { throw .otherOrigin }
            return
        }
        guard origins.count == 1, isOwn(origins[0], request.head.authority ?? "") else { throw .otherOrigin }
    }

    /// The public address, or the name that the request was sent to, which is trusted.
    private func isOwn(_ origin: String, _ authority: String) -> Bool {
        if origin == publicURL.origin { return true }
        let isPublic = Self.host(authority) == publicURL.host
        return origin == "http://\(authority)" && !(isPublic && publicURL.isHTTPS)
    }

    private func isTrusted(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || names.contains(host) || Self.isAddress(host)
    }

    /// The host of `host:port`, in lower case and without the brackets of an IPv6 address.
    private static func host(_ authority: String?) -> String? {
        guard let authority, authority.utf8.count <= 300,
            let parts = authority.wholeMatch(of: /(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:\/@]+))(?::[0-9]{1,5})?/)
        else { return nil }
        return (parts.1 ?? parts.2)?.lowercased()
    }

    private static func isAddress(_ host: String) -> Bool {
        var (four, six) = (in_addr(), in6_addr())
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }
}

/// Why a page is not shown. Nothing of the request is in it.
struct PageRefusal: Error, Sendable {
    let status: HTTPResponse.Status
    let title: String
    /// What to do.
    let text: String
    /// A command that helps; nil: none does.
    var command: String?
    /// Where to go on: a label and a path.
    var link: (label: String, path: String)?
    /// Seconds for `Retry-After`.
    var retryAfter_s: Int?

    static let otherHost = PageRefusal(
        status: .misdirectedRequest, title: "Not under this name",
        text: "Open this page by the address that fitnessd listens on, as 127.0.0.1 or localhost, or by that of FITNESSD_PUBLIC_URL.")
    static let otherOrigin = PageRefusal(
        status: .forbidden, title: "Not from another page", text: "Nothing was changed. Open the page itself and press the button there.")
    static let formStale = PageRefusal(
        status: .forbidden, title: "This page is out of date",
        text: "Nothing was changed. You have signed in or out since the page was opened: go back, load it again and press the button there."
    )
    static let noForm = PageRefusal(status: .badRequest, title: "Nothing to do", text: "The request has no form that this address takes.")
    static let adminsOnly = PageRefusal(
        status: .forbidden, title: "Sign in to change things",
        text: "Looking is free on this machine; to change something, open the link that this command prints:",
        command: "fitnessctl admin-link")
}
