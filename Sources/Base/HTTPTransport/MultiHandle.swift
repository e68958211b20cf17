import CLibcurl

/// libcurl's set of transfers with their shared connections.
///
/// `@unchecked Sendable`: libcurl allows `curl_multi_wakeup` from any thread; everything else is called on the loop's thread alone, and the
/// handle lives until that thread has ended and nobody can wake it any more.
final class MultiHandle: @unchecked Sendable {
    let raw: UnsafeMutableRawPointer

    init(connectionsMax: Int) {
        _ = Self.library
        guard let raw = curl_multi_init() else { preconditionFailure("libcurl has no memory for a multi handle") }
        self.raw = raw
        fitness_multi_set_long(raw, CURLMOPT_MAXCONNECTS, connectionsMax)
    }

    deinit { curl_multi_cleanup(raw) }

    /// Ends the wait of the loop's thread, or its next one.
    func wake() { curl_multi_wakeup(raw) }

    /// libcurl's own set-up, once per process.
    private static let library: CURLcode = curl_global_init(Int(CURL_GLOBAL_ALL))
}
