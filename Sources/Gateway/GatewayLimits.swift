import Hummingbird
import HummingbirdCore

/// What a client may cost. Everything in here comes from the network before anybody is known.
enum GatewayLimits {
    /// Connections at once; more wait in the kernel's queue. A reverse proxy needs a handful.
    static let connectionsMax = 256
    /// A redirect from Strava has about 200 characters of query, a browser's headers about 2 kB.
    static let targetBytesMax = 4 * 1024
    /// The largest body that any route takes: an event of Strava's has 300 bytes.
    static let bodyBytesMax = 16 * 1024

    static var http: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            idleTimeout: .seconds(30),
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100))
    }
}
