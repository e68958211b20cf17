import Hummingbird
import Logging
import NIOCore

/// What belongs to one request: Hummingbird's own context, and the connection, so that it can be cut off.
struct GatewayContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }

    var maxUploadSize: Int { GatewayLimits.bodyBytesMax }
}
