import Database
import NIOCore
import NIOHTTP1

/// The end of a request that is nobody's fault here: the client went away in the middle of it, or the daemon stops.
struct Departure {
    let reason: String

    /// Nil: the error is another one.
    init?(_ error: any Error) {
        switch error {
        case _ where error.isCancellation: reason = "the request was cancelled"
        case is Exports.Stalled: reason = "the client took nothing"
        case is ChannelError, is IOError, is HTTPParserError, is NIOAsyncWriterError:
            reason = "the client went away"
        default: return nil
        }
    }
}
