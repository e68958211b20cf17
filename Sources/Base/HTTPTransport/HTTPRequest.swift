/// One request and the limits of its answer. It holds secrets (headers, body), so nothing prints it.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    public var method: HTTPMethod
    /// An absolute `http:` or `https:` address without user name and password.
    public var url: String
    /// Sent in this order. A name or value with a line break or a NUL makes the request `malformed`.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// The longest time from the start of the connection to the last byte of the answer; waiting for a free place does not count.
    public var timeout: Duration
    /// The most bytes of the answer's body, counted after decompression.
    public var bodyBytesMax: Int

    public init(
        method: HTTPMethod = .get, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), bodyBytesMax: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.bodyBytesMax = bodyBytesMax
    }

    public var description: String { "\(method.rawValue) request" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
