/// The request methods that this project sends.
public enum HTTPMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// One request and the limits of its answer. Its headers and body may hold secrets, so its description shows the method only.
public struct HTTPRequest: Sendable, CustomStringConvertible, CustomReflectable {
    public var method: HTTPMethod
    /// An absolute `http:` or `https:` address without user name and password.
    public var url: String
    /// Sent in this order. A name or value with a line break or a NUL makes the request `malformed`.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    /// The longest time from the start of the connection to the last byte of the answer; time in the client's queue does not count.
    public var timeout: Duration
    /// The largest body of an answer in bytes, counted after decompression.
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

    /// Whether no header can end a line early, nothing is cut at a NUL, and the limit of the body is not negative.
    var isWellFormed: Bool {
        bodyBytesMax >= 0 && !url.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
            && headers.allSatisfy { Self.isToken($0.name) && Self.isFieldValue($0.value) }
    }

    private static func isToken(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ";") }
    }

    private static func isFieldValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }
    }
}

/// A complete answer, whatever its status: 404 and 503 are answers, not transport errors.
public struct HTTPResponse: Sendable {
    public let status: Int
    public let headers: HTTPHeaders
    /// The body after decompression.
    public let body: [UInt8]

    public init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The header fields of an answer, in the order received. Names are case-insensitive.
public struct HTTPHeaders: Sendable, Equatable {
    private struct Field: Sendable, Equatable {
        let name: String
        let value: String
    }

    private var fields: [Field] = []

    public init() {}

    public init(_ fields: [(name: String, value: String)]) {
        for field in fields { add(name: field.name, value: field.value) }
    }

    /// The first value of the field, or nil when it is absent.
    public subscript(name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name == wanted }?.value
    }

    /// All values of the field, in the order received.
    public func all(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name == wanted }.map(\.value)
    }

    public var count: Int { fields.count }

    mutating func add(name: String, value: String) {
        fields.append(Field(name: name.lowercased(), value: value))
    }
}
