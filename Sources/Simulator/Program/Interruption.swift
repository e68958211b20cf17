import Dispatch
import Foundation

/// Waits for Ctrl-C or a service manager's stop.
enum Interruption {
    /// - Parameter orEndOfInput: wait for the end of standard input, too, which a parent's death brings about. A terminal's signals then concern
    ///   the parent, which may still need this program while it stops.
    static func wait(orEndOfInput: Bool = false) async {
        let (signals, input) = AsyncStream.makeStream(of: Void.self)
        for number in [SIGINT, SIGTERM, SIGHUP] where number != SIGHUP || orEndOfInput { signal(number, SIG_IGN) }
        let sources = (orEndOfInput ? [SIGTERM] : [SIGINT, SIGTERM]).map { number in
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { input.yield() }
            source.resume()
            return source
        }
        if orEndOfInput {
            Thread.detachNewThread {
                while !FileHandle.standardInput.availableData.isEmpty {}
                input.yield()
            }
        }
        for await _ in signals { break }
        for source in sources { source.cancel() }
    }
}
