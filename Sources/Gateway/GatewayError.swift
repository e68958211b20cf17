import Core

/// Why the gateway can't start or go on.
public struct GatewayError: AdvisedError, Equatable {
    public enum Code: String, Sendable {
        case listenAddressMalformed = "listen_address_malformed"
        case addressInUse = "address_in_use"
        case addressNotAvailable = "address_not_available"
        /// The operator's figures would be at the public address.
        case adminListenPublic = "admin_listen_public"
        /// More connects are under way than the table of states may hold.
        case tooManyConnects = "too_many_connects"
        /// One client has begun more connects than one client may have open.
        case tooManyConnectsOfClient = "too_many_connects_of_client"
    }

    public let code: Code
    let detail: String
    let key: ListenAddress.Key

    init(_ code: Code, _ detail: String = "", key: ListenAddress.Key = .web) {
        self.code = code
        self.detail = detail
        self.key = key
    }

    public var retryAdvice: RetryAdvice {
        switch code {
        case .tooManyConnects, .tooManyConnectsOfClient: .retry
        default: .never
        }
    }

    public var description: String {
        switch code {
        case .listenAddressMalformed:
            "\(key.rawValue) must be host:port, such as 127.0.0.1:\(key == .web ? 8080 : 8081), or off"
        case .addressInUse: "another program listens on \(detail) already: stop it or set \(key.rawValue) to another port"
        case .addressNotAvailable: "this machine can't listen on \(detail): set \(key.rawValue) to one of its own addresses"
        case .adminListenPublic:
            """
            \(detail) is the public address, which must not show the operator's figures: set FITNESSD_ADMIN_LISTEN to an address of their \
            own, such as 127.0.0.1:8081, or to off
            """
        case .tooManyConnects, .tooManyConnectsOfClient: "too many people are connecting at the same time: try again in a few minutes"
        }
    }
}
