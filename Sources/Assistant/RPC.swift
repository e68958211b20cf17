/// An error of JSON-RPC 2.0, section 5.1, or of the Model Context Protocol.
struct RPCError: Error, Sendable {
    let code: Int64
    let message: String
    var data: JSONNode?
    /// The HTTP status of a single request that fails so.
    let status: Int

    static let notJSON = RPCError(code: -32_700, message: "The body is not JSON.", status: 400)

    static func invalidRequest(_ message: String) -> RPCError { RPCError(code: -32_600, message: message, status: 400) }

    static func unknownMethod(_ revision: ProtocolRevision) -> RPCError {
        RPCError(
            code: -32_601, message: "There is no such method: tools/list and tools/call are what this server is for.",
            status: revision.isStateless ? 404 : 200)
    }

    static func invalidParameters(_ message: String, _ revision: ProtocolRevision = .unsaid) -> RPCError {
        RPCError(code: -32_602, message: message, status: revision.isStateless ? 400 : 200)
    }

    static let failed = RPCError(code: -32_603, message: "The request failed: try again, or tell the operator.", status: 200)

    static func headerMismatch(_ message: String) -> RPCError { RPCError(code: -32_020, message: message, status: 400) }

    /// - Parameter requested: given back only if it is a date, as revisions are.
    static func unsupportedVersion(_ requested: String) -> RPCError {
        let isDate = requested.wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil
        return RPCError(
            code: -32_022, message: "This version of the protocol is not spoken here.",
            data: .object(["supported": ProtocolRevision.names, "requested": .string(isDate ? requested : "")]), status: 400)
    }
}

/// A message of a client (JSON-RPC 2.0, section 4).
enum RPCMessage: Sendable {
    case request(id: JSONNode, method: String, parameters: [String: JSONNode])
    case notification
    /// The server asks clients nothing, so that there is nothing to do with it.
    case response

    init(_ node: JSONNode) throws(RPCError) {
        guard case .object(let members) = node, members["jsonrpc"] == .string("2.0") else {
            throw .invalidRequest("A message must be an object with jsonrpc 2.0.")
        }
        guard let method = members["method"] else {
            guard members["result"] != nil || members["error"] != nil else { throw .invalidRequest("A message must have a method.") }
            self = .response
            return
        }
        guard let method = method.text else { throw .invalidRequest("method must be a string.") }
        guard let id = members["id"] else {
            self = .notification
            return
        }
        switch id {
        case .string, .integer: break
        default: throw .invalidRequest("id must be a string or a whole number.")
        }
        switch members["params"] {
        case nil: self = .request(id: id, method: method, parameters: [:])
        case .object(let parameters)?: self = .request(id: id, method: method, parameters: parameters)
        default: throw .invalidRequest("params must be an object.")
        }
    }

    /// The id of a message that can't be read, as far as it has one.
    static func id(of node: JSONNode) -> JSONNode {
        switch node["id"] {
        case .string(let text)?: .string(text)
        case .integer(let number)?: .integer(number)
        default: .null
        }
    }
}

extension JSONNode {
    static func answer(_ id: JSONNode, _ result: JSONNode) -> JSONNode { .object(["jsonrpc": .string("2.0"), "id": id, "result": result]) }

    static func refusal(_ id: JSONNode, _ error: RPCError) -> JSONNode {
        var members: [String: JSONNode] = ["code": .integer(error.code), "message": .string(error.message)]
        if let data = error.data { members["data"] = data }
        return .object(["jsonrpc": .string("2.0"), "id": id, "error": .object(members)])
    }
}
