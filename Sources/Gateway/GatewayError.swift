import Core

/// Why the gateway can't start or go on.
public struct GatewayError: AdvisedError, Equatable {
    public enum Code: String, Sendable {
        case listenAddressMalformed = "listen_address_malformed"
        case publicURLMalformed = "public_url_malformed"
        case addressInUse = "address_in_use"
        case addressNotAvailable = "address_not_available"
        /// More connects are under way than the table of states may hold.
        case tooManyConnects = "too_many_connects"
    }

    public let code: Code
    let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    public var retryAdvice: RetryAdvice { code == .tooManyConnects ? .retry : .never }

    public var description: String {
        switch code {
        case .listenAddressMalformed: "FITNESSD_HTTP_LISTEN must be host:port, such as 127.0.0.1:8080, or off"
        case .publicURLMalformed: "FITNESSD_PUBLIC_URL must be an http or https address without a query, such as https://fit.example.org"
        case .addressInUse: "another program listens on \(detail) already: stop it or set FITNESSD_HTTP_LISTEN to another port"
        case .addressNotAvailable: "this machine can't listen on \(detail): set FITNESSD_HTTP_LISTEN to one of its own addresses"
        case .tooManyConnects: "too many people are connecting at the same time: try again in a few minutes"
        }
    }
}
