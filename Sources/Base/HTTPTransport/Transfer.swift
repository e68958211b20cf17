import CLibcurl
import Core

/// One request in flight: the libcurl handle, what has been received, and the task that waits. Lives on the loop's thread only.
final class Transfer {
    let submission: Submission
    let handle: UnsafeMutableRawPointer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var capture = HeaderCapture()
    private var body: [UInt8] = []
    private var bodyIsTooLarge = false

    /// Nil when libcurl can't make a handle (no memory) or the request is not one that may be sent.
    init?(_ submission: Submission, userAgent: String) {
        guard submission.request.isWellFormed, let handle = curl_easy_init() else { return nil }
        self.submission = submission
        self.handle = handle
        guard configure(userAgent: userAgent) else { return nil }
    }

    deinit {
        curl_easy_cleanup(handle)
        curl_slist_free_all(headerList)
    }

    // MARK: What libcurl reports

    func receivedHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool { capture.received(line) }

    /// Counted after decompression, so a small answer that unpacks to a huge one is stopped too.
    func receivedBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.count > submission.request.bodyBytesMax - body.count {
            bodyIsTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// libcurl resends a request by itself, a POST too, when a kept-alive connection dies before the answer. The server may have acted on
    /// the first one, so a second sending is refused unless nothing of the first went out: one `send` is at most one request (quotas and
    /// rotating tokens depend on it).
    func requestBegins() -> Bool { !mayHaveReachedServer }

    // MARK: How it ended

    func outcome(of result: CURLcode) -> Result<HTTPResponse, any Error> {
        guard result == CURLE_OK else { return .failure(error(CurlOutcome.code(of: result), result: result)) }
        let status = fitness_info_long(handle, CURLINFO_RESPONSE_CODE)
        return .success(HTTPResponse(status: Int(status), headers: capture.headers, body: body))
    }

    func error(_ code: HTTPTransportError.Code, result: CURLcode? = nil) -> HTTPTransportError {
        HTTPTransportError(
            code: bodyIsTooLarge ? .bodyTooLarge : code, mayHaveReachedServer: mayHaveReachedServer,
            curlCode: result.map { Int($0.rawValue) })
    }

    /// libcurl adds to the request size what a write to the connection has accepted; nothing accepted, nothing sent.
    /// It is not taken back when libcurl turns to another connection.
    private var mayHaveReachedServer: Bool { fitness_info_long(handle, CURLINFO_REQUEST_SIZE) != 0 }

    // MARK: Setting up

    private func configure(userAgent: String) -> Bool {
        configureAddress(userAgent: userAgent) && configureLimits() && configureReceivers() && configureMethod()
            && configureHeaders()
    }

    private func configureAddress(userAgent: String) -> Bool {
        text(CURLOPT_URL, submission.request.url) && text(CURLOPT_PROTOCOLS_STR, "http,https")
            && long(CURLOPT_DISALLOW_USERNAME_IN_URL, 1) && long(CURLOPT_FOLLOWLOCATION, 0)
            && long(CURLOPT_SSL_VERIFYPEER, 1) && long(CURLOPT_SSL_VERIFYHOST, 2)
            && text(CURLOPT_USERAGENT, userAgent) && text(CURLOPT_ACCEPT_ENCODING, "gzip")
            && long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1) && long(CURLOPT_TCP_KEEPALIVE, 1)
            && long(CURLOPT_MAXAGE_CONN, Self.idleConnectionSecondsMax)
    }

    private func configureLimits() -> Bool {
        let timeoutMS = max(1, min(submission.request.timeout.seconds * 1000, Double(Int32.max)))
        return long(CURLOPT_NOSIGNAL, 1) && long(CURLOPT_CONNECTTIMEOUT_MS, Self.connectTimeoutMS)
            && long(CURLOPT_TIMEOUT_MS, Int(timeoutMS))
            // Zero would mean "no limit"; the count in `receivedBody` covers that case.
            && offset(CURLOPT_MAXFILESIZE_LARGE, submission.request.bodyBytesMax)
    }

    private func configureReceivers() -> Bool {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let pointers = [CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_PREREQDATA, CURLOPT_PRIVATE]
        return pointers.allSatisfy { fitness_set_pointer(handle, $0, me) == CURLE_OK }
            && fitness_set_receiver(handle, CURLOPT_WRITEFUNCTION, receiveBody) == CURLE_OK
            && fitness_set_receiver(handle, CURLOPT_HEADERFUNCTION, receiveHeader) == CURLE_OK
            && fitness_set_before_request(handle, beforeRequest) == CURLE_OK
    }

    private func configureMethod() -> Bool {
        let request = submission.request
        if request.method == .get, request.body == nil { return long(CURLOPT_HTTPGET, 1) }
        if request.method == .delete, request.body == nil { return text(CURLOPT_CUSTOMREQUEST, request.method.rawValue) }
        let body = request.body ?? []
        return offset(CURLOPT_POSTFIELDSIZE_LARGE, body.count)
            && body.withUnsafeBytes { bytes in
                // An empty array may have no address, and no address would mean "read the body from a callback".
                withUnsafeBytes(of: UInt8(0)) { empty in
                    let start = bytes.baseAddress ?? empty.baseAddress
                    return fitness_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: start))
                        == CURLE_OK
                }
            } && text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    private func configureHeaders() -> Bool {
        // "Name;" is libcurl's way to write a field with an empty value, "Expect:" the way to leave its own out.
        var lines = submission.request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines.append("Expect:")
        for line in lines {
            guard let list = curl_slist_append(headerList, line) else { return false }
            headerList = list
        }
        return fitness_set_list(handle, CURLOPT_HTTPHEADER, headerList) == CURLE_OK
    }

    private func long(_ option: CURLoption, _ value: Int) -> Bool { fitness_set_long(handle, option, value) == CURLE_OK }
    private func offset(_ option: CURLoption, _ value: Int) -> Bool { fitness_set_offset(handle, option, value) == CURLE_OK }
    private func text(_ option: CURLoption, _ value: String) -> Bool { fitness_set_text(handle, option, value) == CURLE_OK }

    private static let connectTimeoutMS = 10_000
    /// Servers close idle connections after a minute or so; one that is younger is seldom closed just as it is used again.
    private static let idleConnectionSecondsMax = 30
}
