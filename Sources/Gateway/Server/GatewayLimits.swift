import Hummingbird
import HummingbirdCore
import ServerGuard

/// What a client may cost. Everything in here comes from the network before anybody is known.
enum GatewayLimits {
    /// Connections at once at each address. A reverse proxy needs a handful.
    static let connectionsMax = 256
    /// Connections at once of one client. A browser opens six; a reverse proxy is one client for all who come through it.
    static let clientConnectionsMax = 128
    /// A redirect from Strava has about 200 characters of query, a browser's headers about 2 kB.
    static let targetBytesMax = 4 * 1024
    /// The largest body that any route takes: an event of Strava's has 300 bytes.
    static let bodyBytesMax = 16 * 1024
    /// A header arrives in one packet, on a bad phone line in seconds. An answer may wait 30 s for Strava.
    static let times = RequestTimes(head: .seconds(10), nextHead: .seconds(30), body: .seconds(10), answer: .seconds(90))

    static var decoder: HTTP1Channel.Configuration.DecoderConfiguration {
        .init(maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 32 * 1024, maxHeaderFieldCount: 100)
    }
}
