import CLibcurl
import Core

/// One request in flight: the libcurl handle, the part of the answer received so far, and the waiting task. Used on the loop's thread only.
final class Transfer {
    let submission: Submission
    let handle: UnsafeMutableRawPointer
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var capture = HeaderCapture()
    private var body: [UInt8] = []
    private var bodyIsTooLarge = false

    /// Nil when libcurl can't make a handle (no memory) or the request is malformed.
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

    // MARK: libcurl's callbacks

    fileprivate func receivedHeader(_ line: UnsafeBufferPointer<UInt8>) -> Bool { capture.received(line) }

    /// Counted after decompression, so a small answer that decompresses to a huge one is stopped too.
    fileprivate func receivedBody(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.count > submission.request.bodyBytesMax - body.count {
            bodyIsTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// Called before a request is written. libcurl resends a request by itself, even a POST, when a kept-alive connection dies before the
    /// answer. The server may have acted on the first one, so the second is refused unless nothing of the first was written: one `send` is
    /// at most one request, on which quotas and rotating tokens depend.
    fileprivate func requestBegins() -> Bool { !mayHaveReachedServer }

    // MARK: Outcome

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

    /// libcurl adds to the request size the bytes that a write to the connection has accepted, and does not reset it when it tries another
    /// connection. So 0 means that nothing was sent.
    private var mayHaveReachedServer: Bool { fitness_info_long(handle, CURLINFO_REQUEST_SIZE) != 0 }

    // MARK: Options

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
                // An empty array may have no address, and a null pointer would mean "read the body from a callback".
                withUnsafeBytes(of: UInt8(0)) { empty in
                    let start = bytes.baseAddress ?? empty.baseAddress
                    return fitness_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: start))
                        == CURLE_OK
                }
            } && text(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
    }

    private func configureHeaders() -> Bool {
        // libcurl's syntax: "Name;" sends a field with an empty value, "Expect:" suppresses libcurl's own field.
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
    /// Servers close idle connections after about a minute; a younger connection is seldom closed just when it is used again.
    private static let idleConnectionSecondsMax = 30
}

/// Collects header lines as libcurl delivers them and keeps those of the final answer: a proxy's or an interim answer's header comes first,
/// and is dropped at the next status line.
struct HeaderCapture {
    /// Strava sends about 1 kB; more than this is an attack or an error.
    static let bytesMax = 64 << 10

    private(set) var headers = HTTPHeaders()
    private var bytes = 0

    /// Takes one line. False: the limit is exceeded, stop the transfer.
    mutating func received(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes += line.count
        if bytes > Self.bytesMax { return false }
        if line.starts(with: "HTTP/".utf8) {
            headers = HTTPHeaders()
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 {
            headers.add(name: Self.text(line[..<colon]), value: Self.text(line[(colon + 1)...]))
        }
        return true
    }

    private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}

/// libcurl's result codes in our terms.
private enum CurlOutcome {
    /// The kind of failure for a result code other than `CURLE_OK`.
    static func code(of result: CURLcode) -> HTTPTransportError.Code {
        switch result {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connect
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_FILESIZE_EXCEEDED: .bodyTooLarge
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_LOGIN_DENIED, CURLE_WEIRD_SERVER_REPLY,
            CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR, CURLE_BAD_FUNCTION_ARGUMENT:
            .malformed
        default: isTLS(result) ? .tls : .reset
        }
    }

    private static func isTLS(_ result: CURLcode) -> Bool {
        switch result {
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            true
        default: false
        }
    }
}

// The functions that libcurl calls on the loop's thread. `context` is the Transfer, which lives until its handle has left the multi handle.

/// Takes a piece of the body; returning another number than the piece's size stops the transfer.
private let receiveBody: curl_write_callback = { bytes, size, count, context in
    guard let transfer = transfer(from: context) else { return 0 }
    return transfer.receivedBody(buffer(bytes, size * count)) ? size * count : Int.max
}

/// Takes one header line with its line end.
private let receiveHeader: curl_write_callback = { bytes, size, count, context in
    guard let transfer = transfer(from: context) else { return 0 }
    return transfer.receivedHeader(buffer(bytes, size * count)) ? size * count : Int.max
}

/// Called when the connection is made and before the first byte of the request is written.
private let beforeRequest: curl_prereq_callback = { context, _, _, _, _ in
    guard let transfer = transfer(from: context), transfer.requestBegins() else { return CURL_PREREQFUNC_ABORT }
    return CURL_PREREQFUNC_OK
}

private func transfer(from context: UnsafeMutableRawPointer?) -> Transfer? {
    context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
}

private func buffer(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: UnsafeRawPointer(bytes)?.assumingMemoryBound(to: UInt8.self), count: bytes == nil ? 0 : count)
}
